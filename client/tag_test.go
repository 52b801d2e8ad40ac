package client_test

import (
	"io"
	"net/http"
	"strings"
	"testing"

	"creditmsg/client"
)

// TestATagIsThatOfWhatWasReadLast has replies with a tag, without one, refused with one, and
// busy at first.
func TestATagIsThatOfWhatWasReadLast(t *testing.T) {
	busy := true
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		switch r.URL.Path {
		case "/v1/groups/tagged":
			w.Header().Set("ETag", `"1"`)
		case "/v1/groups/refused":
			w.Header().Set("ETag", `"2"`)
			problem(w, http.StatusNotFound, "not_found")
			return
		case "/v1/groups/busy":
			if busy {
				busy = false
				w.Header().Set("ETag", `"3"`)
				problem(w, http.StatusServiceUnavailable, "unavailable")
				return
			}
		}
		io.WriteString(w, `{}`)
	})
	var tag string
	for _, id := range []string{"tagged", "plain", "refused", "busy"} {
		_, err := c.Noting(&tag).Group(t.Context(), id)
		if failed := err != nil; failed != (id == "refused") || tag != `"1"` {
			t.Errorf("after %s the tag is %q, %v; want that of what was read", id, tag, err)
		}
	}
}

// TestAChangeUnderAnEmptyTagIsNotSent is for who forgot to note one: sent without a condition,
// the change would overwrite what somebody else did.
func TestAChangeUnderAnEmptyTagIsNotSent(t *testing.T) {
	var conditions []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		conditions = append(conditions, r.Method+" "+r.Header.Get("If-Match"))
		io.WriteString(w, `{}`)
	})
	_, err := c.IfMatch("").RenameGroup(t.Context(), "grp_1", "VIP")
	if err == nil || !strings.Contains(err.Error(), "IfMatch is empty") || client.Temporary(err) || len(conditions) != 0 {
		t.Errorf("it was sent: %q, %v; want an error before", conditions, err)
	}
	if _, err := c.IfMatch("").AppendUpload(t.Context(), "upl_1", 0, []byte("x")); err == nil {
		t.Error("a piece went under an empty tag")
	}
	if _, err := c.IfMatch("").Group(t.Context(), "grp_1"); err != nil {
		t.Errorf("a read depends on no tag: %v", err)
	}
	if _, err := c.IfMatch(`"1"`).RenameGroup(t.Context(), "grp_1", "VIP"); err != nil {
		t.Error(err)
	}
	if got := strings.Join(conditions, ", "); got != `GET , PUT "1"` {
		t.Errorf("asked %s", got)
	}
}
