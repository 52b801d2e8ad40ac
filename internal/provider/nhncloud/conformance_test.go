package nhncloud_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/provider/nhncloud"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/provider/simulator"
)

// harness is the adapter before the simulated vendor.
func harness() providertest.Harness {
	return providertest.Harness{
		New:     nhncloud.New,
		Account: provider.Account{Name: "nhn", Kind: "nhncloud", APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret},
		Vendor: func(url, secret string) providertest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, AcceptDelay: -1, ReportDelay: -1, InspectDelay: -1, Late: 100 * time.Millisecond,
				Reports: map[string]simulator.Hook{"nhncloud": {URL: url, Secret: secret}}})
			return providertest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
		HandsOver: func(r *http.Request) bool {
			return r.Method == http.MethodPost && (strings.Contains(r.URL.Path, "/sender/") || strings.HasSuffix(r.URL.Path, "/raw-messages"))
		},
		OnePhase:    true,
		Advertising: true,
		PostPaid:    true,
		Template:    provider.Template{ChannelID: "0123456789abcdef0123456789abcdef01234567", TemplateID: "RESERVE_01"},
		Refused:     "1999",
		Code:        "-1999",
		Why:         provider.UnrecognisedCode,
		Desk: providertest.Desk{Senders: true, Channels: true,
			Acts: provider.AddTemplate | provider.ChangeTemplate | provider.CommentTemplate | provider.RemoveTemplate},
	}
}

func TestTheAdapterKeepsTheContract(t *testing.T) { providertest.Run(t, harness()) }
