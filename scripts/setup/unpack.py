"""Unpacks what Lockstep needs of TensorFlow's wheels: python3 unpack.py FOLDER WHEEL...

Kept are the two TensorFlow libraries, the headers, NVIDIA's libraries and every text (source, licence,
metadata); left out are the extension modules of TensorFlow's Python side and static libraries.
"""

import os
import shutil
import sys
import zipfile

LIBRARIES = ("tensorflow/libtensorflow_cc.so.2", "tensorflow/libtensorflow_framework.so.2")
BINARY_ENDINGS = (".so", ".a", ".bin", ".pyd", ".whl", ".tflite")


def is_wanted(name):
    if name.endswith("/"):
        return False
    if name.startswith("nvidia/"):
        return not name.endswith(".a") and "/include/" not in name
    return name in LIBRARIES or not name.endswith(BINARY_ENDINGS)


def unpack(wheel, folder):
    with zipfile.ZipFile(wheel) as archive:
        for info in archive.infolist():
            if not is_wanted(info.filename):
                continue
            path = os.path.join(folder, info.filename)
            os.makedirs(os.path.dirname(path), exist_ok=True)
            with archive.open(info) as source, open(path, "wb") as target:
                shutil.copyfileobj(source, target, 1 << 20)
            mode = (info.external_attr >> 16) & 0o777
            if mode & 0o111:
                os.chmod(path, 0o755)


if __name__ == "__main__":
    for wheel in sys.argv[2:]:
        unpack(wheel, sys.argv[1])
