// Ids that nobody else makes. (crypto.randomUUID is there on https alone.)

export function randomId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return `K${[...bytes].map((byte) => byte.toString(16).padStart(2, "0")).join("")}`;
}
