package solapi_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"creditmsg/internal/provider"
	"creditmsg/internal/provider/providertest"
	"creditmsg/internal/provider/simulator"
	"creditmsg/internal/provider/solapi"
)

func TestTheAdapterKeepsTheContract(t *testing.T) {
	providertest.Run(t, providertest.Harness{
		New:     solapi.New,
		Account: provider.Account{Name: "solapi", Kind: "solapi", APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret},
		Vendor: func(url, secret string) providertest.Vendor {
			s := simulator.New(simulator.Options{Seed: 1, AcceptDelay: -1, ReportDelay: -1, Late: 100 * time.Millisecond,
				ReportURL: url, ReportSecret: secret})
			return providertest.Vendor{Handler: s.Handler(), Run: s.Run}
		},
		HandsOver: func(r *http.Request) bool {
			return r.Method == http.MethodPost && strings.HasSuffix(r.URL.Path, "/send")
		},
		Template: provider.Template{ChannelID: "KA01PF260101000000000AbCdEfGhIjK", TemplateID: "KA01TP260101000000000LmNoPqRsTuV"},
		Refused:  "1062",
		Why:      provider.SenderNotRegistered,
	})
}
