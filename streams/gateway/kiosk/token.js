// The device's token: it comes once in the address's fragment, which no server sees, and stays on the tablet.

const KEY = "pingliu.token";
const TOKEN = /^pl1_[A-Za-z0-9_-]{43}$/;

// Takes a token out of the address; whether there was one.
export function takeFromAddress() {
  const given = new URLSearchParams(location.hash.slice(1)).get("token");
  if (given === null) return false;
  history.replaceState(null, "", location.pathname + location.search);
  return keepToken(given);
}

// Whether this is a token; then it is kept.
export function keepToken(text) {
  const token = text.trim();
  if (!TOKEN.test(token)) return false;
  localStorage.setItem(KEY, token);
  return true;
}

export function token() {
  return localStorage.getItem(KEY) ?? "";
}
