package billing

import (
	"testing"

	"creditmsg/internal/money"

	"pgregory.net/rapid"
)

// TestPiecesThatTheGatewayGaveBackHaveTheirVAT gives a payment back in pieces that nobody
// here asked for: none has more or less tax than it contains, to a won.
func TestPiecesThatTheGatewayGaveBackHaveTheirVAT(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		s := &Service{o: Options{VATIncluded: rapid.Bool().Draw(rt, "within")}}
		p := &row{}
		p.Amount, p.VAT, p.Total = s.priced(money.Amount(rapid.Int64Range(1_000, 5_000).Draw(rt, "asked")) * won)
		most := rapid.Int64Range(1, 200).Draw(rt, "most")
		for p.Returned < p.Total {
			piece := min(money.Amount(rapid.Int64Range(1, most).Draw(rt, "piece"))*won, p.Total-p.Returned)
			amount := p.creditOf(piece)
			if vat := piece - amount; amount < 0 || vat < 0 || 11*vat > piece+22*won || 11*vat < piece-22*won {
				rt.Fatalf("of %s after %s the credit is %s, the VAT %s", piece, p.Returned, amount, vat)
			}
			p.returnedNow(amount, piece)
		}
		if p.Cancelled != p.Amount {
			rt.Fatalf("the pieces are %s, the payment %s", p.Cancelled, p.Amount)
		}
	})
}
