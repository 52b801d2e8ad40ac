package server

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"strings"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/site"
)

// demoProvider is the account of the demo, which has no configuration file.
const demoProvider = "solapi"

// Channel is a Kakao channel of a site.
type Channel struct {
	Name      string            `json:"name"`
	Providers map[string]string `json:"providers"` // account → the vendor's id of the channel
}

func channelOf(c site.Channel) Channel {
	return Channel{Name: c.Name, Providers: c.Providers}
}

// AddChannel registers a Kakao channel. providers are the vendors' ids of it, each as
// NAME=CHANNEL_ID; without any, accounts that point at the simulator get made-up ones.
// Faults: Invalid, NotFound, Conflict already_exists.
func (p *Operator) AddChannel(ctx context.Context, siteID, name, senderKey string, providers []string) (c Channel, err error) {
	ids, err := parseIDs(providers, "NAME=CHANNEL_ID")
	if err != nil {
		return Channel{}, err
	}
	if len(providers) == 0 {
		ids = p.config.madeUpChannel(siteID, name)
	}
	err = p.d.Update(ctx, "operator_add_channel", func(tx *db.Tx) error {
		made, err := site.AddChannel(tx, site.Channel{Site: siteID, Name: name, SenderKey: senderKey, Providers: ids})
		if err != nil {
			return err
		}
		c = channelOf(made)
		return p.kakao.Trust(tx, made)
	})
	return c, err
}

// parseIDs reads NAME=ID pairs.
func parseIDs(pairs []string, form string) (map[string]string, error) {
	ids := map[string]string{}
	for _, pair := range pairs {
		name, id, found := strings.Cut(pair, "=")
		if !found || !providerName.MatchString(name) || id == "" {
			return nil, fault.Check("--provider", "%q is not of the form %s", pair, form)
		}
		if _, twice := ids[name]; twice {
			return nil, fault.Check("--provider", "%s is named twice", name)
		}
		ids[name] = id
	}
	return ids, nil
}

// simulatedAccounts are the accounts that point at the simulator, with their kinds. A
// configuration without any provider is that of the verbs beside serve --demo, whose
// account the process brings itself.
func (c Config) simulatedAccounts() (kinds map[string]string) {
	if len(c.Providers) == 0 {
		return map[string]string{demoProvider: "solapi"}
	}
	kinds = map[string]string{}
	for _, p := range c.Providers {
		if p.simulated() {
			kinds[p.Name] = p.Kind
		}
	}
	return kinds
}

func (c Config) madeUpChannel(siteID, name string) map[string]string {
	ids := map[string]string{}
	for account, kind := range c.madeUpAccounts(siteID) {
		ids[account] = madeUpOf[kind].channel(siteID, strings.TrimSpace(name), account)
	}
	return ids
}

// madeUpOf makes up ids of each vendor's form. The same thing always gets the same id, so
// that what is removed and added again is the same to the simulator.
var madeUpOf = map[string]struct{ channel, template func(parts ...string) string }{
	"solapi":   {func(p ...string) string { return madeUp("KA01PF", p...) }, func(p ...string) string { return madeUp("KA01TP", p...) }},
	"nhncloud": {kakaoKey, templateCode},
	"sens":     {func(p ...string) string { return "@" + digest("channel", p)[:12] }, templateCode},
	"aligo":    {kakaoKey, templateCode},
	"sendgo":   {kakaoKey, templateCode},
}

// kakaoKey is a sender key, which has forty characters; templateCode the code of a template.
func kakaoKey(parts ...string) string     { return digest("channel", parts)[:40] }
func templateCode(parts ...string) string { return "T" + digest("template", parts)[:15] }

func digest(what string, parts []string) string {
	sum := sha256.Sum256([]byte(what + " " + strings.Join(parts, "\n")))
	return hex.EncodeToString(sum[:])
}

// madeUp gives an id of Solapi's form: prefix, fifteen digits where the vendor has
// the time, eleven letters.
func madeUp(prefix string, parts ...string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	sum := sha256.Sum256([]byte(prefix + " " + strings.Join(parts, "\n")))
	n := binary.BigEndian.Uint64(sum[:])
	tail := make([]byte, 11)
	for i := range tail {
		tail[i] = letters[n%uint64(len(letters))]
		n /= uint64(len(letters))
	}
	return prefix + "260101000000000" + string(tail)
}
