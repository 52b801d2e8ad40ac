package server

import (
	"fmt"
	"slices"

	"creditmsg/internal/billing"
	"creditmsg/internal/delivery"
	"creditmsg/internal/kakao"
	"creditmsg/internal/payment"
	"creditmsg/internal/payment/manual"
	"creditmsg/internal/payment/stripe"
	"creditmsg/internal/payment/toss"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/aligo"
	"creditmsg/internal/provider/nhncloud"
	"creditmsg/internal/provider/sendgo"
	"creditmsg/internal/provider/sens"
	"creditmsg/internal/provider/solapi"
	"creditmsg/internal/site"
)

// adapters are the kinds of provider accounts, each with what makes its adapter.
var adapters = map[string]func(provider.Account) (provider.Provider, error){
	"solapi":   solapi.New,
	"nhncloud": nhncloud.New,
	"sens":     sens.New,
	"aligo":    aligo.New,
	"sendgo":   sendgo.New,
}

// gatewayAdapters are the same for gateways.
var gatewayAdapters = map[string]func(payment.Account) (payment.Gateway, error){
	"toss":   toss.New,
	"stripe": stripe.New,
	"manual": manual.New,
}

// gateways makes the adapter of every configured gateway.
func gateways(list GatewayConfigs) ([]billing.Gateway, error) {
	all := make([]billing.Gateway, len(list))
	for i, g := range list {
		a := g.account()
		adapter, err := gatewayAdapters[a.Kind](a)
		if err != nil {
			return nil, fmt.Errorf("payment gateway %s: %w", a.Name, err)
		}
		all[i] = billing.Gateway{Account: a, Adapter: adapter, Allow: g.Allow.with(vendorNetworks[g.Kind]).Prefixes()}
	}
	return all, nil
}

// kept are the accounts of carriers at which templates are.
func kept(list []delivery.Carrier) []kakao.Account {
	all := make([]kakao.Account, len(list))
	for i, one := range list {
		all[i] = kakao.Account{Name: one.Account.Name, Adapter: one.Adapter}
	}
	return all
}

// serving names the accounts of carriers that carry Alimtalk for a site.
func serving(list []delivery.Carrier, siteID string) (names []string) {
	for _, one := range list {
		if one.Account.Test == site.IsTest(siteID) && one.Adapter.Capabilities().Carries(provider.Alimtalk) && (len(one.Account.Sites) == 0 || slices.Contains(one.Account.Sites, siteID)) {
			names = append(names, one.Account.Name)
		}
	}
	return names
}

// reachable makes the adapters of the accounts that can have one: what an operator does must
// not hang on the others.
func (c Config) reachable() (all []delivery.Carrier) {
	accounts := c.Accounts()
	if !c.TestMode.off() {
		accounts = append(accounts, testAccount(string(c.TestMode.SimulatorURL), string(c.TestMode.WebhookSecret)))
	}
	for _, a := range accounts {
		if one, err := carriers([]provider.Account{a}); err == nil {
			all = append(all, one...)
		}
	}
	return all
}

// carriers makes the adapter of every configured account.
func carriers(accounts []provider.Account) ([]delivery.Carrier, error) {
	all := make([]delivery.Carrier, len(accounts))
	for i, a := range accounts {
		adapter, err := adapters[a.Kind](a)
		if err != nil {
			return nil, fmt.Errorf("provider %s: %w", a.Name, err)
		}
		all[i] = delivery.Carrier{Account: a, Adapter: adapter}
	}
	return all, nil
}
