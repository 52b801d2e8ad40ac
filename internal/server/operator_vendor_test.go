package server

import (
	"context"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"creditmsg/internal/db/dbtest"
	"creditmsg/internal/fault"
	"creditmsg/internal/money"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/simulator"
)

func TestTheKindsWithABalanceAreThoseWhoseAdaptersTellIt(t *testing.T) {
	settings := map[string]map[string]string{"sens": {"sms_service": "ncp:sms:kr:123456789012:p"}}
	for kind, adapter := range adapters {
		p, err := adapter(provider.Account{Name: kind, Kind: kind, APIKey: "K", APISecret: "S", Settings: settings[kind]})
		if err != nil {
			t.Fatal(err)
		}
		holder, ok := p.(provider.Holder)
		if tells := ok && holder.Holds().Has(provider.HoldsBalance); tells != slices.Contains(balanceKinds, kind) {
			t.Errorf("%s: its adapter tells a balance: %v", kind, tells)
		}
	}
}

func TestTheDoctorTellsBalancesAndSenderNumbersThatAVendorDoesNotHave(t *testing.T) {
	sim := simulator.New(simulator.Options{})
	box := httptest.NewServer(sim.Handler())
	defer box.Close()
	for _, engine := range dbtest.Engines() {
		c := testConfig(t)
		c.Database.URL = Address(dbtest.Migrated(t, engine))
		c.Providers = ProviderConfigs{
			{Name: "solapi", Kind: "solapi", URL: Address(box.URL), APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret, LowBalance: 10_000},
			{Name: "nhn", Kind: "nhncloud", URL: Address(box.URL), APIKey: simulator.DefaultKey, APISecret: simulator.DefaultSecret},
			{Name: "half", Kind: "sens", APIKey: "K", APISecret: "S"}, // without a service: it can have no adapter
		}
		p, err := OpenOperator(t.Context(), c, OperatorOptions{})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		o := &office{t, p, nil, ""}
		_, err = p.CreateSite(t.Context(), NewSite{ID: "shop", Name: "꽃집"})
		o.must(err)
		_, err = p.AddSender(t.Context(), "shop", "02-700-1234")
		o.must(err)
		o.finds("balances", CheckOK, "no vendor has told one")
		o.finds("senders", CheckOK)
		ask := func(balance money.Amount, name string) ProviderAccount {
			t.Helper()
			sim.Play(simulator.Scenario{Balance: &balance, Senders: []string{"0261234567"}})
			a, err := p.AskProvider(context.Background(), name)
			o.must(err)
			return a
		}
		if a := ask(20_000*money.Won, "solapi"); a.Rest() != "20,000 won" || a.Low || a.At == nil {
			t.Errorf("solapi: got %+v", a)
		}
		o.finds("balances", CheckOK, "solapi 20,000 won")
		if a := ask(9_999*money.Won, "solapi"); !a.Low {
			t.Errorf("solapi: got %+v, want it low", a)
		}
		o.finds("balances", CheckWrong, "solapi has 9,999 won, less than 10,000", "provider ask")
		if a := ask(0, "nhn"); a.Left != nil || a.Rest() != "the vendor tells no balance" {
			t.Errorf("nhn: got %+v", a)
		}
		o.finds("senders", CheckNote, "02-700-1234 of shop is missing at solapi", "02-700-1234 of shop is missing at nhn")
		_, err = p.AskProvider(t.Context(), "nobody")
		o.refused(err, fault.NotFound, "nobody")
		all, err := p.Providers(t.Context())
		if names := len(all.Data); err != nil || names != 2 || all.Data[0].Name != "solapi" || !all.Data[0].Low {
			t.Errorf("providers: got %+v, %v", all, err)
		}
		c.Providers = slices.Clone(c.Providers)
		c.Providers[0].APISecret = "another"
		bad, err := OpenOperator(t.Context(), c, OperatorOptions{})
		o.must(err)
		defer bad.Close()
		if a, err := bad.AskProvider(t.Context(), "solapi"); err != nil || !strings.Contains(a.Problem, "denied") || a.Rest() != "9,999 won" {
			t.Errorf("with a wrong key: got %+v, %v; want what was known, and why nothing new is", a, err)
		}
	}
}
