package billing

import (
	"cmp"
	"slices"

	"creditmsg/internal/money"
	"creditmsg/internal/payment"
)

// What a withdrawal takes of which payments is decided here, without a database.

// purse is what can be withdrawn of one payment.
type purse struct {
	p     *row
	left  money.Amount // of its credit: neither spent nor held, whole won
	gone  bool         // its gateway is not configured any more, or nobody's
	whole bool         // its gateway gives payments back as a whole only
}

// share is what a withdrawal takes of one payment.
type share struct {
	purse
	take money.Amount // of its credit
	fee  money.Amount // of take: kept
}

// back is the credit whose money goes back.
func (s share) back() money.Amount { return s.take - s.fee }

// byHand reports whether the operator has to transfer it himself.
func (s share) byHand() bool {
	return s.gone || s.p.Method == payment.Transfer || s.whole && s.back() < s.p.Amount
}

// account reports whether it goes to a bank account, and not back the way it came.
func (s share) account() bool {
	return s.back() > 0 && (s.byHand() || s.p.Method == payment.VirtualAccount)
}

// measured gives what can be withdrawn of a payment whose lot has so much left. After a
// gateway gave back by itself what was held then, the lot may have more than the payment.
func measured(left money.Amount, p *row) money.Amount {
	return min(left, p.Amount-p.Cancelled) / money.Won * money.Won
}

func sum(purses []purse) (all money.Amount) {
	for _, u := range purses {
		all += u.left
	}
	return all
}

// spread takes an amount, which all of them cover, from the newest payments first. The fee is
// kept of the oldest ones, so that the newest go back as they came, whole where it can be.
func spread(purses []purse, amount, fee money.Amount) (shares []share) {
	slices.SortFunc(purses, func(a, b purse) int { return cmp.Compare(b.p.lot, a.p.lot) })
	for _, u := range purses {
		if part := min(amount, u.left); part > 0 {
			shares = append(shares, share{purse: u, take: part})
			amount -= part
		}
	}
	for i := range slices.Backward(shares) {
		part := min(fee, shares[i].take)
		shares[i].fee, fee = part, fee-part
	}
	return shares
}

// feeOf is what is kept of a withdrawal: whole won, what is less than one is not kept.
func feeOf(amount money.Amount, percent int) money.Amount {
	return amount.Share(int64(percent), 100) / money.Won * money.Won
}

// feeBack is the part of a fee for what was refused of the credit that was to go back, in
// whole won like the fee itself.
func feeBack(fee, refused, back money.Amount) money.Amount {
	return fee.Share(int64(refused), int64(back)) / money.Won * money.Won
}
