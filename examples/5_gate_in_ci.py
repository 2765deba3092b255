# %% [markdown]
# # A gate in CI
# What a pipeline runs: gates decide the exit code (8 where one is true), files tell it what happened.
# On GitHub add `--github`; see .github/actions/assay.

# %%
import json
import subprocess
import sys
from pathlib import Path
from tempfile import mkdtemp

folder = Path(mkdtemp())
gates = "unreadable>0,leakage>0,verdict:label-balance==fail"
command = [sys.executable, "-m", "assay", "audit", "fashion-mnist-sample", "--out", str(folder / "run")]
files = ["--junit", str(folder / "gates.xml"), "--sarif", str(folder / "assay.sarif")]
done = subprocess.run([*command, "--fail-on", gates, *files, "-q"], check=False)
print("exit code", done.returncode)
assert done.returncode in (0, 8)

# %%
for gate in json.loads((folder / "run" / "gates.json").read_text())["gates"]:
    print(gate["gate"], "failed" if gate["failed"] else "passed", gate["value"])
