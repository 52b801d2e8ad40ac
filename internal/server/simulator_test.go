package server

import (
	"context"
	"io"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTheSimulatorPlaysTheScenarioOfItsFile(t *testing.T) {
	file := filepath.Join(t.TempDir(), "scenario.yaml")
	if err := os.WriteFile(file, []byte("seed: 7\nlate: 0.25\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	err := RunSimulator(ctx, SimulatorOptions{Listen: "127.0.0.1:0", Scenario: file}, slog.New(slog.DiscardHandler), func(url string) {
		go func() {
			defer stop()
			res, err := http.Get(url + "/_sim/scenario")
			if err != nil {
				t.Error(err)
				return
			}
			defer res.Body.Close()
			if text, _ := io.ReadAll(res.Body); !strings.Contains(string(text), `"seed":7,`) || !strings.Contains(string(text), `"late":0.25`) {
				t.Errorf("scenario: got %s, want seed 7 and a quarter late", text)
			}
		}()
	})
	if err != nil {
		t.Error(err)
	}
}
