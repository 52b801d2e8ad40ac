package main

import (
	"os"
	"path/filepath"
	"testing"
)

func TestTheSimulatorRefusesAScenarioWithTheLineThatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte("seed: 7\nhttp_420: 0.1\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	refused(t, 1, []string{"simulator", "--listen", "127.0.0.1:0", "--scenario", file}, file+":2", "http_420: unknown key")
	refused(t, 1, []string{"simulator", "--listen", "127.0.0.1:0", "--scenario", file + ".gone"}, file+".gone", "cannot be read")
}
