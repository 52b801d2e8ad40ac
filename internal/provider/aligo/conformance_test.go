package aligo_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/aligo"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/provider/simulator"
)

// harness is the adapter before the simulated vendor.
func harness() providertest.Harness {
	return providertest.Harness{
		New: aligo.New,
		Account: provider.Account{Name: "aligo", Kind: "aligo", APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret,
			Settings: map[string]string{"sender": "0261234567"}},
		Vendor: func(string, string) providertest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, AcceptDelay: -1, ReportDelay: -1, InspectDelay: -1, Late: 100 * time.Millisecond})
			return providertest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
		HandsOver: func(r *http.Request) bool {
			return strings.HasPrefix(r.URL.Path, "/send") || strings.HasSuffix(r.URL.Path, "/alimtalk/send/")
		},
		OnePhase: true,
		Patient:  true,
		Nameless: true,
		Template: provider.Template{ChannelID: "0123456789abcdef0123456789abcdef01234567", TemplateID: "TA_0001"},
		Refused:  "1005",
		Code:     "state",
		Why:      provider.UnrecognisedCode,
		Desk: providertest.Desk{Balance: &provider.Balance{Left: 5_555 * money.Won, Unit: provider.UnitSMS}, Channels: true,
			Acts: provider.AddTemplate | provider.ChangeTemplate | provider.SubmitTemplate | provider.RemoveTemplate},
	}
}

func TestTheAdapterKeepsTheContract(t *testing.T) { providertest.Run(t, harness()) }
