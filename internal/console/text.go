package console

import (
	"embed"
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"

	"github.com/nicksnyder/go-i18n/v2/i18n"
	"golang.org/x/text/language"
)

//go:embed text/*.json
var texts embed.FS

// languages are those of the console; the first one is what people get who ask for none of them.
var languages = []string{"ko", "en"}

var matcher = language.NewMatcher([]language.Tag{language.Korean, language.English})

const (
	langCookie  = "creditmsg-lang"
	themeCookie = "creditmsg-theme"
)

// themes are how bright pages are; the first one is what the browser's machine is set to.
var themes = []string{"auto", "light", "dark"}

// languageOf is what somebody reads: what he chose, then what his browser says.
func languageOf(r *http.Request) string {
	if chosen := chosen(r, langCookie, languages); chosen != "" {
		return chosen
	}
	tags, _, err := language.ParseAcceptLanguage(r.Header.Get("Accept-Language"))
	if err != nil || len(tags) == 0 {
		return languages[0]
	}
	_, n, sure := matcher.Match(tags...)
	if sure == language.No {
		return languages[0]
	}
	return languages[n]
}

func themeOf(r *http.Request) string {
	if chosen := chosen(r, themeCookie, themes); chosen != "" {
		return chosen
	}
	return themes[0]
}

// chosen is the value of a cookie if it is one of some.
func chosen(r *http.Request, name string, of []string) string {
	if c, err := r.Cookie(name); err == nil {
		for _, one := range of {
			if c.Value == one {
				return one
			}
		}
	}
	return ""
}

// words are the texts of one language.
type words struct {
	lang string
	loc  *i18n.Localizer
}

// newWords reads the texts of all languages.
func newWords() (map[string]*words, error) {
	bundle := i18n.NewBundle(language.Korean)
	bundle.RegisterUnmarshalFunc("json", json.Unmarshal)
	out := map[string]*words{}
	names, err := fs.Glob(texts, "text/*.json") // NOUN.LANGUAGE.json
	if err != nil {
		return nil, fmt.Errorf("look for the texts of the console: %w", err)
	}
	for _, name := range names {
		if _, err := bundle.LoadMessageFileFS(texts, name); err != nil {
			return nil, fmt.Errorf("read the texts of the console: %w", err)
		}
	}
	for _, lang := range languages {
		out[lang] = &words{lang, i18n.NewLocalizer(bundle, lang)}
	}
	return out, nil
}

// text is the one of a key, with pairs of name and value put in: {{.Name}}.
func (w *words) text(key string, pairs ...any) (string, error) {
	return w.find(&i18n.LocalizeConfig{MessageID: key}, pairs)
}

// count is the text of a key for so many things, which it shows as {{.N}}.
func (w *words) count(key string, n int64, pairs ...any) (string, error) {
	return w.find(&i18n.LocalizeConfig{MessageID: key, PluralCount: n}, append(pairs, "N", grouped(n)))
}

func (w *words) find(c *i18n.LocalizeConfig, pairs []any) (string, error) {
	data := map[string]any{}
	for i := 0; i+1 < len(pairs); i += 2 {
		data[fmt.Sprint(pairs[i])] = pairs[i+1]
	}
	c.TemplateData = data
	out, err := w.loc.Localize(c)
	if err != nil {
		return "", fmt.Errorf("find the text %s of %s: %w", c.MessageID, w.lang, err)
	}
	return out, nil
}

// word is the text of one of a closed list, such as status.done; what the list does not have is shown
// as it is, since the API may know more than this page.
func (w *words) word(list, of string) string {
	if out, err := w.text(list + "." + of); err == nil {
		return out
	}
	return of
}

// say is text for who handles no error: a key that is not there is shown.
func (w *words) say(key string, pairs ...any) string {
	out, err := w.text(key, pairs...)
	if err != nil {
		return key
	}
	return out
}
