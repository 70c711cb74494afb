"""A reading child that has been taken over: it claims success and writes nonsense."""

import sys

sys.stdout.buffer.write(b"not what was asked for")
sys.stderr.write('{"ok": false, "code": ["os.system"], "details": 7, "seconds": "x"}\n')
