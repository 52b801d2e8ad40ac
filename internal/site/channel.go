package site

import (
	"crypto/sha256"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"golang.org/x/text/unicode/norm"

	"creditmsg/internal/db"
	"creditmsg/internal/fault"
	"creditmsg/internal/id"
)

// Channel is a Kakao channel that a site sends Alimtalk through.
type Channel struct {
	Site      string
	Name      string            // search name with its @; may be Korean
	SenderKey string            // what Kakao gave the channel; "" = it is not known
	Providers map[string]string // provider account → the vendor's id of the channel
	CreatedAt db.Time
}

var (
	channelName = regexp.MustCompile(`^@[\p{L}\p{N}_.-]{1,39}$`)
	channelKey  = regexp.MustCompile(`^[!-~]{1,64}$`)
)

// check gives the channel with its name as it is stored: trimmed and composed.
func (c Channel) check() (Channel, error) {
	c.Name = channelForm(c.Name)
	if !channelName.MatchString(c.Name) {
		return c, fault.Check("/name", "want the channel's search name with its @, such as @demo: got %q", c.Name)
	}
	if c.SenderKey != "" && !channelKey.MatchString(c.SenderKey) {
		return c, fault.Check("/sender_key", "want the sender key of the channel, 1 to 64 characters without spaces")
	}
	for provider, vendor := range c.Providers {
		if provider == "" || vendor == "" || len(provider) > 64 || len(vendor) > 255 {
			return c, fault.Check("/providers", "want a provider account and the vendor's id of the channel each")
		}
	}
	return c, nil
}

// ChannelName is the name of a channel as it is stored: trimmed and composed. A name that
// cannot be one is Invalid.
func ChannelName(name string) (string, error) {
	c, err := Channel{Name: name}.check()
	return c.Name, err
}

func channelForm(name string) string { return norm.NFC.String(strings.TrimSpace(name)) }

// ChannelDigest is the key of a channel's row: a name may be Korean, which a
// column that can be indexed on every engine cannot hold.
func ChannelDigest(name string) id.ID {
	sum := sha256.Sum256([]byte(channelForm(name)))
	return id.ID(sum[:16])
}

// row gives the columns of a checked channel, Providers as JSON.
func (c Channel) row() ([]db.Column, error) {
	providers := c.Providers
	if providers == nil {
		providers = map[string]string{}
	}
	text, err := json.Marshal(providers)
	if err != nil {
		return nil, fmt.Errorf("write the providers of channel %s: %w", c.Name, err)
	}
	return []db.Column{
		db.Col("site_id", []string{c.Site}), db.Col("digest", []id.ID{ChannelDigest(c.Name)}),
		db.Col("name", []string{c.Name}), db.Col("sender_key", []string{c.SenderKey}),
		db.Col("providers", []string{string(text)}), db.Col("created_at", []db.Time{c.CreatedAt}),
	}, nil
}

// AddChannel registers a channel of a site. Faults: Invalid, NotFound for the
// site, Conflict already_exists.
func AddChannel(tx *db.Tx, c Channel) (Channel, error) {
	c, err := c.check()
	if err != nil {
		return Channel{}, err
	}
	if _, err := Find(tx, c.Site); err != nil {
		return Channel{}, err
	}
	if _, err := FindChannel(tx, c.Site, c.Name); err == nil {
		return Channel{}, exists("Kakao channel", c.Name)
	} else if !fault.Is(err, fault.NotFound) {
		return Channel{}, err
	}
	c.CreatedAt = tx.Now
	cols, err := c.row()
	if err != nil {
		return Channel{}, err
	}
	if err := tx.InsertMany("site_channel", cols...); err != nil {
		return Channel{}, created(err, "Kakao channel", c.Name)
	}
	return c, noteChannel(tx, "channel.added", nil, &c)
}

// SetChannel replaces the sender key and the providers of a channel; nil Providers stay as they
// are. Faults: Invalid, NotFound.
func SetChannel(tx *db.Tx, c Channel) (Channel, error) {
	c, err := c.check()
	if err != nil {
		return Channel{}, err
	}
	old, err := FindChannel(tx, c.Site, c.Name)
	if err != nil {
		return Channel{}, err
	}
	c.CreatedAt = old.CreatedAt
	if c.Providers == nil {
		c.Providers = old.Providers
	}
	cols, err := c.row()
	if err != nil {
		return Channel{}, err
	}
	if err := tx.UpdateMany("site_channel", []string{"site_id", "digest"}, cols...); err != nil {
		return Channel{}, fmt.Errorf("set channel %s of %s: %w", c.Name, c.Site, err)
	}
	return c, noteChannel(tx, "channel.updated", &old, &c)
}

// RemoveChannel removes a channel, or gives a NotFound fault.
func RemoveChannel(tx *db.Tx, site, name string) error {
	old, err := FindChannel(tx, site, name)
	if err != nil {
		return err
	}
	digest := ChannelDigest(name)
	if _, err := tx.Exec(`DELETE FROM site_channel WHERE site_id = ? AND digest = ?`, site, digest[:]); err != nil {
		return fmt.Errorf("remove channel %s of %s: %w", name, site, err)
	}
	return noteChannel(tx, "channel.removed", &old, nil)
}

const selectChannels = `SELECT site_id, name, sender_key, providers, created_at FROM site_channel WHERE site_id = ?`

func scanChannel(r interface{ Scan(...any) error }) (c Channel, err error) {
	var providers []byte
	if err := r.Scan(&c.Site, &c.Name, &c.SenderKey, &providers, &c.CreatedAt); err != nil {
		return c, err
	}
	return c, json.Unmarshal(providers, &c.Providers)
}

// Channels gives a site's channels, oldest first.
func Channels(tx *db.Tx, site string) ([]Channel, error) {
	rows, err := tx.Query(selectChannels+` ORDER BY created_at, digest`, site)
	list, err := db.Collect(rows, err, func(r *sql.Rows) (Channel, error) { return scanChannel(r) })
	if err != nil {
		return nil, fmt.Errorf("list channels of %s: %w", site, err)
	}
	return list, nil
}

// FindChannel gives a channel by its name, or a NotFound fault.
func FindChannel(tx *db.Tx, site, name string) (Channel, error) {
	digest := ChannelDigest(name)
	c, err := scanChannel(tx.QueryRow(selectChannels+` AND digest = ?`, site, digest[:]))
	if errors.Is(err, db.ErrNoRows) {
		return Channel{}, fault.Missing("Kakao channel", name)
	}
	if err != nil {
		return Channel{}, fmt.Errorf("find channel %s of %s: %w", name, site, err)
	}
	return c, nil
}
