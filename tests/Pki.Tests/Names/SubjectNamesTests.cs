using System.Net;

namespace IoTPlatform.Pki.Tests.Names;

public sealed class SubjectNamesTests
{
    [Theory]
    [InlineData("10.0.0.1", "ip")]
    [InlineData("::1", "ip")]
    [InlineData("2001:db8::1", "ip")]
    [InlineData("https://example.com/x", "uri")]
    [InlineData("spiffe://acme.iotplatform.internal/device/1", "uri")]
    [InlineData("urn:uuid:7d4e4b2c-0000-4000-8000-000000000000", "uri")]
    [InlineData("opc.tcp://plc-1.example:4840/ua", "uri")]
    [InlineData("opc.tcp://plc_1:4840", "uri")]
    [InlineData("urn:x", "uri")]
    [InlineData("urn:plc:vendor:UA%20server?=a#b", "uri")]
    [InlineData("sip:pump@plant.example", "uri")]
    [InlineData("mailto:a@example.com", "uri")]
    [InlineData("tag:acme.example,2026:pump", "uri")]
    [InlineData("coaps+ws://pump.example", "uri")]
    [InlineData("https://example.com?x=1", "uri")]
    [InlineData("https://a_b.example.com/", "uri")]
    [InlineData("https://[2001:db8::1]:8443/x", "uri")]
    [InlineData("HTTPS://EXAMPLE.com", "uri")]
    [InlineData("wireapp://%40alice@wire.example", "uri")]
    [InlineData("wireapp://CzbfFjDOQrenCbDxVmgnFw!594930e9d50bb175@wire.example", "uri")]
    [InlineData("my_device_1", "dns")]
    [InlineData("_mqtt._tcp.example", "dns")]
    [InlineData("a@example.com", "email")]
    [InlineData("example.com", "dns")]
    [InlineData("*.example.com", "dns")]
    [InlineData("12345", "dns")]
    [InlineData("1.2", "dns")]
    [InlineData("sensor-1", "dns")]
    public void FromSans_EachKind_IsSortedAsStepDoes(string san, string kind)
    {
        var names = SubjectNames.FromSans("x", [san]);

        (names.Dns.Length, names.Ip.Length, names.Uris.Length, names.Emails.Length)
            .ShouldBe((kind is "dns" ? 1 : 0, kind is "ip" ? 1 : 0, kind is "uri" ? 1 : 0, kind is "email" ? 1 : 0));
        names.AllSans.ShouldBe([san]);
    }

    [Theory]
    [InlineData("localhost:8080")]
    [InlineData("http://")]
    [InlineData("https://user@example.com/")]
    [InlineData("wireapp://alice:secret@wire.example")]
    [InlineData("wireapp://alice@other.example@wire.example")]
    [InlineData("wireapp://%4xalice@wire.example")]
    [InlineData("wireapp://@wire.example")]
    [InlineData("wireapp://alice@")]
    [InlineData("https://example.com:x/")]
    [InlineData("https://exa mple.com/")]
    [InlineData("urn:plc:vendor:UA server")]
    [InlineData("https:///x")]
    [InlineData("x:")]
    [InlineData("https://example.com/%zz")]
    [InlineData("https://example.com/%4")]
    [InlineData("https://example.com/[x]")]
    [InlineData("https://example.com/x#y#z")]
    [InlineData("https://example.com:65536/")]
    [InlineData("https://[::1/")]
    [InlineData("https://[::1]x/")]
    [InlineData("https://[10.0.0.1]/")]
    [InlineData("https://*.example.com/")]
    [InlineData("https://ger\u00e4t.example/")]
    [InlineData("example.com:8080")]
    [InlineData("fe80::1%10")]
    [InlineData("a.example.")]
    [InlineData("-a_b.example")]
    [InlineData("spiffe://acme.internal:443/x")]
    [InlineData("SPIFFE://acme.internal/x")]
    [InlineData("urn:")]
    [InlineData("a@b@c")]
    [InlineData("@example.com")]
    [InlineData("a@")]
    [InlineData("a..b@example.com")]
    [InlineData("a b@example.com")]
    [InlineData("fe80::1%eth0")]
    [InlineData("[::1]")]
    [InlineData("010.0.0.1")]
    [InlineData("1.2.3.4.")]
    [InlineData("")]
    public void FromSans_IllFormed_IsRefused(string san) =>
        ((Action)(() => SubjectNames.FromSans("x", [san]))).ShouldBeRefused(PkiError.NameNotAllowed);

    [Fact]
    public void FromSans_Doubles_AreDropped() => SubjectNames.FromSans("a", ["a", "a", "b"]).Dns.ShouldBe(["a", "b"]);

    [Fact]
    public void FromSans_MappedAddress_BecomesIPv4() => SubjectNames.FromSans(null, ["::ffff:10.0.0.1"]).Ip.ShouldBe([IPAddress.Parse("10.0.0.1")]);

    [Fact]
    public void FromSans_EmptyCommonName_IsNone() => SubjectNames.FromSans("", ["a"]).CommonName.ShouldBeNull();

    [Fact]
    public void Validate_CommonNameOf64Characters_IsAllowed()
    {
        new SubjectNames { CommonName = new string('a', 64) }.Validate();
        ((Action)(() => new SubjectNames { CommonName = new string('a', 65) }.Validate())).ShouldBeRefused(PkiError.NameNotAllowed);
    }

    [Fact]
    public void Validate_Refusal_DoesNotRepeatTheName() =>
        ((Action)(() => new SubjectNames { CommonName = "evil\u001b[2J" }.Validate())).ShouldBeRefused(PkiError.NameNotAllowed).Message.ShouldNotContain("evil");

    [Fact]
    public void HasSameNames_OrderAndCaseOfDns_DoNotMatter()
    {
        var one = SubjectNames.FromSans("a", ["a.example.com", "b.example.com", "10.0.0.1"]);

        one.HasSameNames(SubjectNames.FromSans("a", ["10.0.0.1", "B.example.com", "a.example.com"])).ShouldBeTrue();
        one.HasSameNames(SubjectNames.FromSans("b", ["a.example.com", "b.example.com", "10.0.0.1"])).ShouldBeFalse();
        one.HasSameNames(SubjectNames.FromSans("a", ["a.example.com", "10.0.0.1"])).ShouldBeFalse();
        one.HasSameNames(SubjectNames.FromSans("a", ["a.example.com", "b.example.com", "10.0.0.1", "a@example.com"])).ShouldBeFalse();
    }
}
