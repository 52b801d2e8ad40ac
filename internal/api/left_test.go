package api

import (
	"context"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAClientThatLeavesIsNoErrorInTheLog(t *testing.T) {
	w := onSQLite(t)
	ctx, leave := context.WithCancel(t.Context())
	leave()
	r := httptest.NewRequestWithContext(ctx, "POST", "/v1/messages", strings.NewReader(text))
	r.Header.Set("Authorization", "Bearer "+w.rich)
	r.Header.Set("Content-Type", "application/json")
	w.serve(r).refused(503, "unavailable")
	if log := w.log.String(); strings.Contains(log, "ERROR") || !strings.Contains(log, "status=503") {
		t.Errorf("the log says %s", log)
	}
}

func TestANumberThatNoTypeHoldsIsRefusedInOurOwnWords(t *testing.T) {
	w := onSQLite(t)
	for _, body := range []string{`{"name":1e400}`, `{"name":[1e999]}`} {
		g := w.post("/v1/groups", body)
		g.refused(400, "malformed")
		if !strings.Contains(string(g.body), "out of range") {
			t.Errorf("%s: got %s", body, g.body)
		}
	}
}
