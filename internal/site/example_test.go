package site_test

import (
	"creditmsg/internal/db"
	"creditmsg/internal/site"
)

func ExampleCreate() {
	// In a transaction of whoever makes tenants:
	open := func(tx *db.Tx, keys *site.Keys) (secret string, err error) {
		s, err := site.Create(tx, keys, "demo", "데모 가게")
		if err != nil {
			return "", err
		}
		if _, err := site.AddSender(tx, s.ID, "02-6123-4567", site.Approved); err != nil {
			return "", err
		}
		_, secret, err = site.NewToken(tx, s.ID, "shop", []string{"messages:read", "messages:write"}, 0)
		return secret, err // to be shown once
	}
	_ = open
}

func ExampleKeys_Site() {
	// Wherever something of a site is stored that only the site may read:
	seal := func(tx *db.Tx, keys *site.Keys, note string) ([]byte, error) {
		key, err := keys.Site(tx, "demo")
		if err != nil {
			return nil, err
		}
		return key.Seal("note of payment 7", []byte(note)), nil
	}
	_ = seal
}
