package sens_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/provider/sens"
	"creditmsg/internal/provider/simulator"
)

// harness is the adapter before the simulated vendor.
func harness() providertest.Harness {
	return providertest.Harness{
		New: sens.New,
		Account: provider.Account{Name: "sens", Kind: "sens", APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret,
			Settings: map[string]string{"sms_service": "ncp:sms:kr:123456789012:sim", "alimtalk_service": "ncp:kkobizmsg:kr:1234567:sim"}},
		Vendor: func(string, string) providertest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, AcceptDelay: -1, ReportDelay: -1, InspectDelay: -1, Late: 100 * time.Millisecond, SENSPage: 7})
			return providertest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
		HandsOver: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/messages")
		},
		OnePhase:    true,
		Advertising: true,
		PostPaid:    true,
		Patient:     true,
		Nameless:    true,
		Template:    provider.Template{ChannelID: "@demo", TemplateID: "RESERVE_01"},
		Refused:     "1005",
		Why:         provider.ProviderQuota,
	}
}

func TestTheAdapterKeepsTheContract(t *testing.T) { providertest.Run(t, harness()) }
