package korea

import (
	"fmt"
	"strings"

	"creditmsg/internal/fault"
	"creditmsg/internal/money"
)

// VAT is the value added tax on a supply: a tenth, in whole won, half a won up
// (Value-Added Tax Act, article 30).
func VAT(supply money.Amount) money.Amount { return whole(supply, 10) }

// VATWithin is the value added tax that a total contains: an eleventh, in whole won, half a
// won up.
func VATWithin(total money.Amount) money.Amount { return whole(total, 11) }

// whole gives a part of an amount in whole won, half a won away from zero, so that what is
// taken back has the tax that was charged.
func whole(a money.Amount, part money.Amount) money.Amount {
	if a < 0 {
		return -whole(-a, part)
	}
	won, rest := a/(part*money.Won), a%(part*money.Won)
	if 2*rest >= part*money.Won {
		won++
	}
	return won * money.Won
}

// BusinessNumber is a business registration number (사업자등록번호): ten digits, of which the
// last one checks the others.
type BusinessNumber string

var errBusiness = fault.Say("want ten digits such as 124-81-00998, whose last one checks the others")

// ParseBusinessNumber reads a business registration number, with or without hyphens and
// spaces.
func ParseBusinessNumber(text string) (BusinessNumber, error) {
	digits := strings.NewReplacer("-", "", " ", "").Replace(text)
	if len(digits) != 10 || strings.Trim(digits, "0123456789") != "" || checkDigit(digits) != digits[9] {
		return "", fmt.Errorf("read business number: %w", errBusiness)
	}
	return BusinessNumber(digits), nil
}

// checkDigit weighs the first nine digits by 1, 3, 7 in turn and the last of them by 5, of
// which the tens count too.
func checkDigit(digits string) byte {
	sum := 0
	for i, weight := range [...]int{1, 3, 7, 1, 3, 7, 1, 3, 5} {
		sum += int(digits[i]-'0') * weight
	}
	sum += int(digits[8]-'0') * 5 / 10
	return byte('0' + (10-sum%10)%10)
}

// Dashed is the written form: 124-81-00998.
func (n BusinessNumber) Dashed() string {
	if len(n) != 10 {
		return string(n)
	}
	return string(n[:3] + "-" + n[3:5] + "-" + n[5:])
}
