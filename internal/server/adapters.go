package server

import (
	"fmt"

	"creditmsg/internal/delivery"
	"creditmsg/internal/provider"
	"creditmsg/internal/provider/solapi"
)

// adapters are the kinds of provider accounts, each with what makes its adapter.
var adapters = map[string]func(provider.Account) (provider.Provider, error){
	"solapi": solapi.New,
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
