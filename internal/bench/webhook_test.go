package bench

import (
	"testing"
	"time"

	"creditmsg/internal/db/dbtest"
)

func TestEventsReachEndpointsThatAnswerBesideThoseThatDoNot(t *testing.T) {
	for _, engine := range dbtest.Engines() {
		t.Run(engine, func(t *testing.T) {
			o := little(t, engine)
			o.Size, o.Rate, o.Lasting = 20, 200, 300*time.Millisecond
			out, err := RunWebhook(t.Context(), o)
			if err != nil {
				t.Fatal(err)
			}
			p := out.Product[0]
			if p.Events != 36 || p.Missing != 0 || p.P50 <= 0 || p.P99 < p.P50 || p.Max < p.P99 || out.P99 != p.P99 || out.Ratio <= 0 || out.Baseline[0].Events != 36 {
				t.Errorf("got %+v", out)
			}
		})
	}
}
