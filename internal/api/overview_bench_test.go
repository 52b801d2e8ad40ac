package api

import (
	"fmt"
	"net/http/httptest"
	"testing"
	"time"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/site"
	"creditmsg/internal/stat"
)

// manySites is how many an installation has whose operator looks at its first page.
const manySites = 10_000

// BenchmarkOverviewOfManySites gets the first page of an installation whose sites all sent
// yesterday and today by two channels, and have a number that waits.
func BenchmarkOverviewOfManySites(b *testing.B) {
	for _, engine := range dbtest.Engines() {
		b.Run(engine, func(b *testing.B) {
			w := newWorld(b, dbtest.Open(b, engine))
			for from := 0; from < manySites; from += 500 {
				w.update(func(tx *db.Tx) error {
					now := tx.Now
					var figures []stat.Delta
					for n := from; n < from+500; n++ {
						name := fmt.Sprintf("site-%05d", n)
						if _, err := w.ledger.OpenSite(tx, credit.Opening{ID: name, Name: name}); err != nil {
							return err
						}
						if _, err := site.AddSender(tx, name, "0261234567", site.Requested); err != nil {
							return err
						}
						for _, ch := range []provider.Channel{provider.Alimtalk, provider.SMS} {
							figures = append(figures, stat.Delta{Site: name, Channel: ch, Strategy: "kakao_first", Provider: "solapi",
								Figures: stat.Figures{Delivered: 90, Failed: 10, Cost: 900 * money.Won, Upstream: 600 * money.Won, Priced: 90}})
						}
					}
					tx.Now = now.Add(-24 * time.Hour)
					if err := stat.Append(tx, figures...); err != nil {
						return err
					}
					tx.Now = now
					return stat.Append(tx, figures...)
				})
			}
			if _, err := stat.FoldAll(b.Context(), w.d); err != nil {
				b.Fatal(err)
			}
			for b.Loop() {
				r, rec := httptest.NewRequest("GET", "/v1/overview", nil), httptest.NewRecorder() // without what tests hold a reply to
				r.Header.Set("Authorization", "Bearer "+w.operator)
				if w.handler.ServeHTTP(rec, r); rec.Code != 200 {
					b.Fatalf("%d: %s", rec.Code, rec.Body)
				}
			}
		})
	}
}
