using System.Diagnostics;
using IoTPlatform.CertificateAuthority.Templates;

namespace IoTPlatform.CertificateAuthority.Tests.Templates;

/// <summary>Templates that would take all time and memory: each ends with an error, by a count and so on every machine alike.</summary>
public sealed class TemplateBombTests
{
    [Theory]
    [InlineData("{{ range until 1000000000 }}x{{ end }}")]
    [InlineData("{{ range until 1000 }}{{ range until 1000 }}{{ range until 1000 }}{{ end }}{{ end }}{{ end }}")]
    [InlineData("{{ repeat 1000000000 \"x\" }}")]
    [InlineData("{{ range until 100 }}{{ repeat 10000 \"x\" }}{{ end }}")]
    [InlineData("{{ $s := \"x\" }}{{ range until 60 }}{{ $s = printf \"%s%s\" $s $s }}{{ end }}{{ $s }}")]
    [InlineData("{{ $s := \"x\" }}{{ range until 60 }}{{ $s = replace \"x\" \"xx\" $s }}{{ end }}")]
    [InlineData("{{ $s := \"x\" }}{{ range until 60 }}{{ $s = cat $s $s $s }}{{ end }}")]
    [InlineData("{{ $l := list 1 }}{{ range until 60 }}{{ $l = concat $l $l }}{{ end }}")]
    [InlineData("{{ $l := list \"x\" }}{{ range until 60 }}{{ $l = list $l $l }}{{ end }}{{ toJson $l }}")]
    [InlineData("{{ $d := dict \"a\" 1 }}{{ range until 60 }}{{ $d = dict \"a\" $d \"b\" $d }}{{ end }}{{ $d }}")]
    [InlineData("{{ $d := dict }}{{ range until 200 }}{{ $_ := set $d \"a\" $d }}{{ end }}{{ toJson $d }}")]
    [InlineData("{{ $l := list }}{{ range until 30000 }}{{ $l = list $l }}{{ end }}{{ $l }}")]
    [InlineData("{{ $l := list }}{{ range until 30000 }}{{ $l = list $l }}{{ end }}{{ toJson $l }}")]
    [InlineData("{{ $l := list }}{{ range until 30000 }}{{ $l = list $l }}{{ end }}{{ deepEqual $l (list $l) }}")]
    [InlineData("{{ $l := list }}{{ range until 30000 }}{{ $l = list $l }}{{ end }}{{ deepCopy (dict \"a\" $l) }}")]
    [InlineData("{{ $a := list 1 }}{{ $b := list 1 }}{{ range until 60 }}{{ $a = list $a $a }}{{ $b = list $b $b }}{{ end }}{{ deepEqual $a $b }}")]
    [InlineData("{{ $s := repeat 1000000 \"x\" }}{{ range until 30000 }}{{ $_ := lower $s }}{{ end }}")]
    [InlineData("{{ $s := repeat 500000 \"x\" }}{{ $t := repeat 500000 \"x\" }}{{ range until 30000 }}{{ $_ := eq $s $t }}{{ end }}")]
    [InlineData("{{ define \"t\" }}{{ template \"t\" . }}{{ end }}{{ template \"t\" . }}")]
    [InlineData("{{ define \"a\" }}{{ template \"b\" . }}{{ template \"b\" . }}{{ end }}{{ define \"b\" }}{{ range until 100000 }}{{ end }}{{ end }}{{ template \"a\" . }}")]
    [InlineData("{{ printf \"%1000000000d\" 1 }}")]
    [InlineData("{{ indent 1000000000 \"x\" }}")]
    [InlineData("{{ untilStep 0 2000000000 1 }}")]
    [InlineData("{{ seq 2000000000 }}")]
    [InlineData("{{ regexReplaceAll \"\" (repeat 10000 \"x\") (repeat 10000 \"y\") }}")]
    [InlineData("{{ range until 50000 }}{{ regexMatch \"(x+x+)+y\" (repeat 500 \"x\") }}{{ end }}")]
    [InlineData("{{ join (repeat 10000 \"x\") (until 10000) }}")]
    [InlineData("{{ range splitList \"\" (repeat 1000000 \"x\") }}{{ . }}{{ end }}")]
    [InlineData("{{ $s := repeat 250 \"x\" }}{{ range until 10000 }}{{ $_ := print $s $s $s $s $s $s $s $s }}{{ end }}")]
    [InlineData("{{ $d := dict (repeat 500 \"k\") 1 }}{{ range until 10000 }}{{ $_ := toString $d }}{{ end }}")]
    [InlineData("{{ $s := \"\" }}{{ range until 20000 }}{{ $_ := or $s $s $s $s $s $s $s $s }}{{ end }}")]
    [InlineData("{{ trimAll (print (repeat 400000 \"b\") \"a\") (repeat 100000 \"a\") }}")]
    [InlineData("{{ contains (print (repeat 150000 \"x\") \"y\" (repeat 150000 \"x\")) (repeat 400000 \"x\") }}")]
    [InlineData("{{ regexFindAll \"a(.*b)?\" (repeat 20000 \"a\") -1 | len }}")]
    [InlineData("{{ regexReplaceAll \"a(.*b)?\" (repeat 20000 \"a\") \"\" }}")]
    [InlineData("{{ regexMatch \"(a|b)*a(a|b){900}\" (repeat 50000 \"a\") }}")]
    [InlineData("{{ asn1Enc (print \"oid:2.\" (repeat 400000 \"9\")) }}")]
    public void Bomb_EndsWithAnError(string template)
    {
        var started = Stopwatch.GetTimestamp();

        Should.Throw<TemplateException>(() => TemplateLanguageTests.Render(template));

        Stopwatch.GetElapsedTime(started).ShouldBeLessThan(TimeSpan.FromSeconds(10));
    }

    [Theory]
    [InlineData("((((", "(")]
    [InlineData("{{ if 1 }}", "{{ if 1 }}")]
    public void Template_NestedTooDeeply_IsNotRead(string start, string repeated)
    {
        var text = start.StartsWith('(') ? "{{ " + string.Concat(Enumerable.Repeat(repeated, 10_000)) : string.Concat(Enumerable.Repeat(repeated, 5_000));

        Should.Throw<TemplateException>(() => TemplateProgram.Read("bomb.tpl", text));
    }

    [Fact]
    public void Template_TooLong_IsNotRead() => Should.Throw<TemplateException>(() => TemplateProgram.Read("bomb.tpl", new string(' ', TemplateProgram.MaxLength + 1)));

    [Fact]
    public void Json_NestedTooDeeply_IsNotRead() => Should.Throw<TemplateException>(() => TemplateLanguageTests.Render("{{ mustFromJson (repeat 1000 \"[\") }}"));
}
