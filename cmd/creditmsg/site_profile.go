package main

import (
	"context"

	"creditmsg/internal/server"
)

// siteProfile shows or changes whom papers are made out to.
type siteProfile struct {
	Site           string  `arg:"" help:"The site, or operator for the installation's own."`
	BusinessNumber *string `placeholder:"NUMBER" help:"Ten digits such as 124-81-00998."`
	Name           *string `placeholder:"NAME" help:"Of the firm."`
	Representative *string `placeholder:"NAME" help:"Who represents it."`
	Address        *string `placeholder:"TEXT" help:"Of the firm."`
	BusinessType   *string `placeholder:"TEXT" help:"What sort of business it is (업태)."`
	BusinessItem   *string `placeholder:"TEXT" help:"What it deals in (종목)."`
	Email          *string `placeholder:"ADDRESS" help:"Where papers are sent."`
	Paper          *string `placeholder:"KIND" help:"tax_invoice, cash_receipt_business, cash_receipt_person or none."`
	CashReceipt    *string `placeholder:"NUMBER" help:"The number that a cash receipt is for."`
	database
}

// Help is shown below the flags' own help.
func (siteProfile) Help() string {
	return `Without flags the profile is shown. What a flag does not name stays as it is; "" takes it away.`
}

// Run shows the profile, after the change if there is one.
func (v *siteProfile) Run(ctx context.Context, s *streams) error {
	return v.act(ctx, s, func(p *server.Operator) (any, func(*table), error) {
		b, err := p.Profile(ctx, v.Site, v.change())
		if err != nil {
			return nil, nil, err
		}
		return b, func(t *table) {
			for _, line := range [][2]string{
				{"business number", b.BusinessNumber}, {"name", b.Name}, {"representative", b.Representative}, {"address", b.Address},
				{"business type", b.BusinessType}, {"business item", b.BusinessItem}, {"e-mail", b.Email}, {"paper", b.Paper}, {"cash receipt", b.CashReceiptNumber},
			} {
				if line[1] == "" {
					line[1] = "-"
				}
				t.row(line[0], line[1])
			}
		}, nil
	})
}

// change is what the flags say; nil when they say nothing.
func (v *siteProfile) change() func(*server.BillingProfile) {
	flags := func(b *server.BillingProfile) map[*string]*string {
		return map[*string]*string{
			&b.BusinessNumber: v.BusinessNumber, &b.Name: v.Name, &b.Representative: v.Representative, &b.Address: v.Address,
			&b.BusinessType: v.BusinessType, &b.BusinessItem: v.BusinessItem, &b.Email: v.Email, &b.Paper: v.Paper, &b.CashReceiptNumber: v.CashReceipt,
		}
	}
	said := false
	for _, given := range flags(&server.BillingProfile{}) {
		said = said || given != nil
	}
	if !said {
		return nil
	}
	return func(b *server.BillingProfile) {
		for field, given := range flags(b) {
			if given != nil {
				*field = *given
			}
		}
	}
}
