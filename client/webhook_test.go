package client_test

import (
	"io"
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"creditmsg/client"
)

func TestReplayingAllGoesOnBehindTheLast(t *testing.T) {
	var bodies []string
	c := serve(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		bodies = append(bodies, string(body))
		io.WriteString(w, map[bool]string{true: `{"replayed":2000,"has_more":true,"last":2000}`, false: `{"replayed":5,"has_more":false,"last":2005}`}[len(bodies) == 1])
	})
	sum := 0
	for r, err := range c.ReplayAllWebhooks(t.Context(), "whk_1", client.WebhookReplay{Failed: true}) {
		if err != nil {
			t.Fatal(err)
		}
		sum += r.Replayed
	}
	if diff := cmp.Diff([]string{`{"failed":true}`, `{"failed":true,"after":2000}`}, bodies); diff != "" || sum != 2005 {
		t.Errorf("%s: %d", diff, sum)
	}
}
