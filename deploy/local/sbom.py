"""`python -m deploy.local.sbom [--check]`: writes docs/sbom.json, or says whether it is what the lock file gives.

The software bill of materials (CycloneDX) names every package that is installed where pingliu runs, at its version. It
holds no time and no serial number, so that the same lock file gives the same bytes.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Final

import click

from deploy.local.locked import ROOT, runtime_pins

_PLACE: Final = Path("docs") / "sbom.json"
_MAKE: Final = (sys.executable, "-m", "cyclonedx_py", "requirements", "-", "--output-reproducible", "--of", "JSON")


def bill(root: Path = ROOT) -> bytes:
    """The bill of a project: CycloneDX as JSON."""
    requirements = "".join(f"{pin.requirement}\n" for pin in runtime_pins(root))
    made = subprocess.run(
        [*_MAKE, "--pyproject", str(root / "pyproject.toml")],
        input=requirements.encode(),
        capture_output=True,
        check=True,
    )
    return made.stdout.rstrip() + b"\n"


@click.command()
@click.option("--check", is_flag=True, help="Write nothing; fail where the file is not what the lock file gives.")
@click.option("--root", type=click.Path(file_okay=False, path_type=Path), default=ROOT, help="The project's folder.")
def main(check: bool, root: Path) -> None:
    """Write the bill of materials, or check it."""
    made, place = bill(root), root / _PLACE
    if not check:
        place.write_bytes(made)
    elif not place.exists() or place.read_bytes() != made:
        raise click.ClickException(f"{_PLACE} is not what requirements.lock gives; make sbom")


if __name__ == "__main__":
    main(prog_name="python -m deploy.local.sbom")
