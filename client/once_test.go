package client_test

import (
	"io"
	"net/http"
	"slices"
	"testing"

	"creditmsg/client"
)

func TestAChangeThatIsMadeOnceSendsItsKeyWithEachTry(t *testing.T) {
	var keys []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet {
			keys = append(keys, r.Header.Get("Idempotency-Key"))
		} else if key := r.Header.Get("Idempotency-Key"); key != "" {
			t.Errorf("a reading has the key %q", key)
		}
		if len(keys) == 1 {
			problem(w, http.StatusServiceUnavailable, "unavailable")
			return
		}
		io.WriteString(w, `{}`)
	})
	once := c.Once("form-7")
	if _, err := once.AddRole(t.Context(), "marketing", "stats:read"); err != nil {
		t.Fatal(err)
	}
	if err := once.RemoveRole(t.Context(), "marketing"); err != nil {
		t.Fatal(err)
	}
	if _, err := once.Roles(t.Context(), client.Paging{}); err != nil {
		t.Fatal(err)
	}
	if want := []string{"form-7", "form-7", "form-7"}; !slices.Equal(keys, want) {
		t.Errorf("the keys are %q, want %q", keys, want)
	}
	if err := c.RemoveRole(t.Context(), "marketing"); err != nil || keys[3] == "form-7" || keys[3] == "" {
		t.Errorf("the client that it was made of sends %q, %v", keys[3], err)
	}
}
