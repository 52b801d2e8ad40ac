package paper

import (
	"fmt"

	"creditmsg/internal/money"
)

// addsUp is nil when each payment and each cancellation stands in one row, or in none on
// purpose, and each row is what stands in it, in whole won.
func (d *taxDraft) addsUp() error {
	seen := map[taxKey]bool{}
	sums := make([]Total, len(d.Rows)+1)
	for _, g := range d.groups {
		for _, it := range g.items {
			if seen[it.taxKey] {
				return fmt.Errorf("%s stands in two rows", it.id)
			}
			seen[it.taxKey] = true
			sums[it.no].add(Total{signed(it.supply), signed(it.vat), signed(it.supply + it.vat)})
		}
	}
	if sums[0] != (Total{}) {
		return fmt.Errorf("what stands in no row makes %s with %s of VAT", money.Amount(sums[0].Supply), money.Amount(sums[0].VAT))
	}
	var all Total
	for i, r := range d.Rows {
		all.add(r.Total)
		switch t := r.Total; {
		case t != sums[i+1] || t.Total != t.Supply+t.VAT:
			return fmt.Errorf("row %d of %s is not what stands in it", r.No, r.Site)
		case money.Amount(t.Supply)%money.Won != 0 || money.Amount(t.VAT)%money.Won != 0:
			return fmt.Errorf("row %d of %s is not whole won", r.No, r.Site)
		case (r.Kind == TaxCorrection) != (t.Total < 0):
			return fmt.Errorf("row %d of %s has %s, which a row of its kind cannot", r.No, r.Site, money.Amount(t.Total))
		}
	}
	if all != d.Total {
		return fmt.Errorf("the rows do not make their total")
	}
	return nil
}
