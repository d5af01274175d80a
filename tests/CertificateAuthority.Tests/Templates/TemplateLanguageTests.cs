using System.Text.Json;
using IoTPlatform.CertificateAuthority.Templates;

namespace IoTPlatform.CertificateAuthority.Tests.Templates;

/// <summary>Go's text/template, by the results that Go gives.</summary>
public sealed class TemplateLanguageTests
{
    private const string Data = """
        {"name":"device-1","empty":"","none":null,"port":8080,"ratio":1.5,"big":1790000000,"on":true,"off":false,"tags":["a","b","c"],"no":[],
         "owner":{"team":"ops","mail":"ops@example.com"},"html":"<a&b>"}
        """;

    [Theory]
    [InlineData("plain", "plain")]
    [InlineData("{{ .name }}", "device-1")]
    [InlineData("{{ .owner.team }}", "ops")]
    [InlineData("{{ $.owner.team }}", "ops")]
    [InlineData("{{ .missing }}", "<no value>")]
    [InlineData("{{ .missing.deeper }}", "<no value>")]
    [InlineData("{{ .none }}", "<no value>")]
    [InlineData("{{ .big }} {{ .ratio }} {{ .port }}", "1.79e+09 1.5 8080")]
    [InlineData("{{ .tags }} {{ .owner }}", "[a b c] map[mail:ops@example.com team:ops]")]
    [InlineData("{{ 1 }} {{ -1 }} {{ 0x10 }} {{ 1.50 }} {{ 1e3 }} {{ 'a' }} {{ 1_000 }} {{ 0o17 }}", "1 -1 16 1.5 1000 97 1000 15")]
    [InlineData("{{ \"a\\tb\\u00e9\" }}|{{ `raw\\n` }}", "a\tb\u00e9|raw\\n")]
    [InlineData("{{ true }} {{ false }}", "true false")]
    [InlineData("{{ \"{{\" }}", "{{")]
    public void Value_IsWrittenAsGoWritesIt(string template, string result) => Render(template).ShouldBe(result);

    [Theory]
    [InlineData("a {{- 1 -}} b", "a1b")]
    [InlineData("a \n {{- 1 }} \n b", "a1 \n b")]
    [InlineData("a {{/* comment */}} b", "a  b")]
    [InlineData("a {{- /* comment\n */ -}} b", "ab")]
    [InlineData("{{ 3 }}{{-3 }}", "3-3")]
    public void Trimming_IsGos(string template, string result) => Render(template).ShouldBe(result);

    [Theory]
    [InlineData("{{ if .on }}yes{{ end }}", "yes")]
    [InlineData("{{ if .off }}yes{{ else }}no{{ end }}", "no")]
    [InlineData("{{ if .empty }}1{{ else if .no }}2{{ else if .name }}3{{ else }}4{{ end }}", "3")]
    [InlineData("{{ if 0 }}1{{ else if 0.0 }}2{{ else if nil }}3{{ else }}4{{ end }}", "4")]
    [InlineData("{{ with .owner }}{{ .team }}{{ $.name }}{{ end }}", "opsdevice-1")]
    [InlineData("{{ with .missing }}a{{ else }}{{ .name }}{{ end }}", "device-1")]
    [InlineData("{{ with $x := .name }}{{ $x }}{{ end }}", "device-1")]
    [InlineData("{{ range .tags }}{{ . }};{{ end }}", "a;b;c;")]
    [InlineData("{{ range $i, $t := .tags }}{{ if $i }},{{ end }}{{ $t }}{{ end }}", "a,b,c")]
    [InlineData("{{ range $k, $v := .owner }}{{ $k }}={{ $v }} {{ end }}", "mail=ops@example.com team=ops ")]
    [InlineData("{{ range .no }}x{{ else }}none{{ end }}", "none")]
    [InlineData("{{ range .none }}x{{ else }}none{{ end }}", "none")]
    [InlineData("{{ range .tags }}{{ if eq . \"b\" }}{{ continue }}{{ end }}{{ . }}{{ end }}", "ac")]
    [InlineData("{{ range .tags }}{{ if eq . \"b\" }}{{ break }}{{ end }}{{ . }}{{ end }}", "a")]
    [InlineData("{{ $x := 1 }}{{ if true }}{{ $x = 2 }}{{ $y := 3 }}{{ end }}{{ $x }}", "2")]
    [InlineData("{{ $x := 1 }}{{ if true }}{{ $x := 2 }}{{ end }}{{ $x }}", "1")]
    [InlineData("{{ define \"t\" }}<{{ . }}>{{ end }}{{ template \"t\" .name }}{{ template \"t\" 1 }}", "<device-1><1>")]
    [InlineData("{{ block \"b\" .name }}[{{ . }}]{{ end }}", "[device-1]")]
    [InlineData("{{ .name | upper | printf \"%s!\" | len }}", "9")]
    public void Control_IsGos(string template, string result) => Render(template).ShouldBe(result);

    [Theory]
    [InlineData("{{ and .on .name }}|{{ and .off .name }}|{{ or .empty \"d\" }}|{{ not .on }}", "device-1|false|d|false")]
    [InlineData("{{ or true (fail \"never\") }}|{{ and false (fail \"never\") }}", "true|false")]
    [InlineData("{{ eq .name \"device-1\" }} {{ eq 1 2 1 }} {{ ne 1 2 }} {{ lt 1 2 }} {{ le 2 2 }} {{ gt \"b\" \"a\" }} {{ ge 1.5 2.5 }}", "true true true true true true false")]
    [InlineData("{{ eq .missing \"x\" }} {{ eq .none nil }}", "false true")]
    [InlineData("{{ eq .port 8080.0 }}", "true")]
    [InlineData("{{ len .tags }} {{ len .name }} {{ len .owner }}", "3 8 2")]
    [InlineData("{{ index .tags 1 }} {{ index .owner \"team\" }} {{ index .owner \"x\" }}", "b ops <no value>")]
    [InlineData("{{ printf \"%s %d %v %q %x %t %5d|%-5s|%05d %.2f\" \"a\" 1 .tags \"q\\\"\" 255 true 7 \"l\" 42 1.005 }}", "a 1 [a b c] \"q\\\"\" ff true     7|l    |00042 1.00")]
    [InlineData("{{ printf \"%s\" 1 }} {{ printf \"%d\" \"x\" }}", "%!s(int=1) %!d(string=x)")]
    [InlineData("{{ print 1 2 \"a\" \"b\" 3 }}", "1 2ab3")]
    [InlineData("{{ (index .tags 0) }}{{ (.owner).team }}", "aops")]
    public void Function_IsGos(string template, string result) => Render(template).ShouldBe(result);

    [Theory]
    [InlineData("{{ .name", 1)]
    [InlineData("\n\n{{ unknown . }}", 3)]
    [InlineData("{{ if .on }}\n", 1)]
    [InlineData("\n{{ end }}", 2)]
    [InlineData("\n{{ $x }}", 2)]
    [InlineData("\n{{ \"a }}", 2)]
    [InlineData("{{ env \"PATH\" }}", 1)]
    [InlineData("\n{{ getHostByName \"x\" }}", 2)]
    [InlineData("\n{{ .name arg }}", 2)]
    [InlineData("\n\n{{/* open }}", 3)]
    [InlineData("{{ break }}", 1)]
    [InlineData("\n{{ template }}", 2)]
    [InlineData("{{ define \"a\" }}{{ end }}\n{{ define \"a\" }}{{ end }}", 2)]
    [InlineData("{{ 1 2 }}", 1)]
    [InlineData("{{ (1 }}", 1)]
    [InlineData("{{ }}", 1)]
    [InlineData("{{ 09x }}", 1)]
    [InlineData("{{ # }}", 1)]
    public void Template_ThatCantBeRead_NamesFileAndLine(string template, int line)
    {
        var error = Should.Throw<TemplateException>(() => TemplateProgram.Read("device.tpl", template));
        error.Line.ShouldBe(line, error.Message);
        error.Message.ShouldStartWith($"device.tpl:{line}: ");
    }

    [Theory]
    [InlineData("\n{{ .name.first }}", 2, "string")]
    [InlineData("\n\n{{ upper .port }}", 3, "upper")]
    [InlineData("{{ lt 1 \"a\" }}", 1, "compared")]
    [InlineData("{{ eq .port 8080 }}", 1, "compared")]
    [InlineData("{{ eq .tags .tags }}", 1, "compared")]
    [InlineData("{{ index .tags 9 }}", 1, "beyond")]
    [InlineData("{{ range 3 }}{{ end }}", 1, "range")]
    [InlineData("{{ template \"none\" }}", 1, "none")]
    [InlineData("{{ none.x }}", 1, "none")]
    [InlineData("{{ upper }}", 1, "arguments")]
    [InlineData("{{ .none.x }}", 1, "nil")]
    [InlineData("\n{{ if true }}\n{{ fail \"this key is too short\" }}{{ end }}", 3, "this key is too short")]
    public void Template_ThatCantBeRendered_NamesFileAndLine(string template, int line, string reason)
    {
        var error = Should.Throw<TemplateException>(() => Render(template));
        error.Line.ShouldBe(line);
        error.Message.ShouldStartWith($"device.tpl:{line}: ");
        error.Message.ShouldContain(reason);
        error.IsRefusal.ShouldBe(template.Contains("fail", StringComparison.Ordinal));
    }

    internal static string Render(string template) => TemplateProgram.Read("device.tpl", template).Render(GoJson.Of(JsonElement.Parse(Data)), TimeProvider.System);
}
