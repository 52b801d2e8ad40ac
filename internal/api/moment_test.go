package api

import (
	"net/http"
	"testing"

	"creditmsg/internal/credit"
	"creditmsg/internal/db"
	"creditmsg/internal/money"
)

// TestAReplyTellsOfOneMoment has credit added while a reply is made of several statements.
func TestAReplyTellsOfOneMoment(t *testing.T) {
	each(t, func(t *testing.T, w *world) {
		w.undescribed = true
		type twice struct {
			First  money.Amount `json:"first"`
			Second money.Amount `json:"second"`
		}
		read(w.handler.(*api), operation{
			id: "getTwice", method: http.MethodGet, path: "/v1/twice", tag: "Credit", ability: "credit:read", status: http.StatusOK, summary: "Get the purse twice",
		}, func(tx *db.Tx, x *exchange, _ *struct{}) (out twice, err error) {
			first, err := w.ledger.Account(tx, x.site)
			if err != nil {
				return out, err
			}
			w.update(func(tx *db.Tx) error {
				_, err := w.ledger.Add(tx, credit.TopUp{Site: x.site, Kind: credit.Adjustment, Amount: money.Won, Note: "meanwhile"})
				return err
			})
			second, err := w.ledger.Account(tx, x.site)
			return twice{first.Available, second.Available}, err
		})
		if got := w.get("/v1/twice").json(); got["first"] != "150000.00" || got["second"] != "150000.00" {
			t.Errorf("got %v, want the same twice", got)
		}
		if got := w.get("/v1/credit").json(); got["available"] != "150001.00" {
			t.Errorf("afterwards: got %v, want what was added", got)
		}
	})
}
