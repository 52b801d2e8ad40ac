package payment

import (
	"strings"

	"creditmsg/internal/money"
)

// ValidOrderID says whether an id has the form of Order.ID: 6 to 64 of A-Z a-z 0-9 _ and -.
func ValidOrderID(id string) bool {
	return len(id) >= 6 && len(id) <= 64 && strings.IndexFunc(id, func(r rune) bool {
		return (r < '0' || r > '9') && (r < 'A' || r > 'Z') && (r < 'a' || r > 'z') && r != '_' && r != '-'
	}) < 0
}

// WholeWon is an amount in won; ok is false when it is not a whole number of won above 0.
func WholeWon(a money.Amount) (n int64, ok bool) {
	return int64(a / money.Won), a > 0 && a%money.Won == 0
}
