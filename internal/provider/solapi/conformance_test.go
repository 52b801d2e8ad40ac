package solapi_test

import (
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
)

// harness is the adapter before the simulated vendor.
func harness() providertest.Harness {
	return providertest.Harness{
		New:     solapi.New,
		Account: provider.Account{Name: "solapi", Kind: "solapi", APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret},
		Vendor: func(url, secret string) providertest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, AcceptDelay: -1, ReportDelay: -1, InspectDelay: -1, Late: 100 * time.Millisecond,
				ReportURL: url, ReportSecret: secret})
			return providertest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
		HandsOver: isSend,
		Template:  provider.Template{ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"},
		Refused:   "1062",
		Why:       provider.SenderNotRegistered,
		Desk: providertest.Desk{Balance: &provider.Balance{Left: 100_000 * money.Won, Unit: provider.UnitWon}, Senders: true, Channels: true,
			Acts: provider.AddTemplate | provider.ChangeTemplate | provider.SubmitTemplate | provider.WithdrawTemplate | provider.ReleaseTemplate | provider.RemoveTemplate},
	}
}

func TestTheAdapterKeepsTheContract(t *testing.T) { providertest.Run(t, harness()) }
