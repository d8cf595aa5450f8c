import json
import subprocess
import sys

from collections_pipeline import ROOT

PROGRAM = """
import json, sys
from airflow import plugins_manager
plugins = plugins_manager.get_plugin_info(["source"])
folder = sys.argv[1]
executed = sorted(
    name for name, module in list(sys.modules.items())
    if (getattr(module, "__file__", None) or "").startswith(folder)
)
print(json.dumps({"plugins": [p["name"] for p in plugins], "executed": executed}))
"""


def test_airflow_executes_the_plugin_file_and_nothing_of_the_library() -> None:
    # Runs in a process of its own, which has imported nothing of the library before.
    loaded = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT / "plugins")], capture_output=True, text=True, check=True
    )
    answer = json.loads(loaded.stdout.splitlines()[-1])
    assert "data_hub" in answer["plugins"]
    assert answer["executed"] == ["data_hub_plugin"]
