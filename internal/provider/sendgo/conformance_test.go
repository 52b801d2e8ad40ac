package sendgo_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/provider/sendgo"
	"creditmsg/internal/provider/simulator"
)

// harness is the adapter before the simulated vendor.
func harness() providertest.Harness {
	return providertest.Harness{
		New:     sendgo.New,
		Account: provider.Account{Name: "sendgo", Kind: "sendgo", APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret},
		Vendor: func(string, string) providertest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, AcceptDelay: -1, ReportDelay: -1, InspectDelay: -1, Late: 100 * time.Millisecond})
			return providertest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
		HandsOver:   func(r *http.Request) bool { return strings.HasSuffix(r.URL.Path, "/send") },
		OnePhase:    true,
		Advertising: true,
		Patient:     true,
		Nameless:    true,
		Template:    provider.Template{ChannelID: "0123456789abcdef0123456789abcdef01234567", TemplateID: "ORDER01"},
		Refused:     "1005",
		Why:         provider.ProviderQuota,
		Desk: providertest.Desk{Balance: &provider.Balance{Left: 100_000 * money.Won, Unit: provider.UnitCredit}, Senders: true, Channels: true,
			Acts: provider.AddTemplate | provider.ChangeTemplate | provider.SubmitTemplate | provider.WithdrawTemplate | provider.ReleaseTemplate | provider.RemoveTemplate | provider.DeclareTemplate},
	}
}

func TestTheAdapterKeepsTheContract(t *testing.T) { providertest.Run(t, harness()) }
