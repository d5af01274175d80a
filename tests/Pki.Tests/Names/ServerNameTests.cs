namespace IoTPlatform.Pki.Tests.Names;

public sealed class ServerNameTests
{
    [Theory]
    [InlineData("provider.example", "provider.example")]
    [InlineData("Provider.EXAMPLE", "provider.example")]
    [InlineData("localhost", "localhost")]
    [InlineData("xn--gert-noa.example", "xn--gert-noa.example")]
    [InlineData("1and1.example", "1and1.example")]
    [InlineData("192.0.2.7", "192.0.2.7")]
    [InlineData("::1", "::1")]
    [InlineData("2001:DB8:0:0::7", "2001:db8::7")]
    [InlineData("::ffff:192.0.2.7", "192.0.2.7")]
    public void TryParse_NameOfAServer_IsCanonicalAndCanBeIssuedAndExcluded(string text, string canonical)
    {
        ServerName.TryParse(text, out var name, out _).ShouldBeTrue();

        name.ShouldBe(canonical);
        var names = SubjectNames.FromSans("service", [name]);
        (names.Dns.Length + names.Ip.Length).ShouldBe(1);
        var constraints = NameConstraints.ForTenant("acme.iotplatform.internal", [name], []);
        NameConstraints.Parse(constraints.Encode()).Permits(names, out _).ShouldBe(ServerName.IsLoopback(name));
    }

    [Theory]
    [InlineData("iot_tenant", "underscore")]
    [InlineData("[::1]", "without brackets")]
    [InlineData("fe80::1%lo", "zone")]
    [InlineData("gerät.example", "xn--gert-noa.example")]
    [InlineData("localhost.", "ends with a dot")]
    [InlineData("010.0.0.1", "leading zeros")]
    [InlineData("10.1", "IP address")]
    [InlineData("0x7f.0x1", "IP address")]
    [InlineData("2130706433", "IP address")]
    [InlineData("1.2.3", "IP address")]
    [InlineData("::1:9443:", "IP address")]
    [InlineData("provider.example:9443", "IP address")]
    [InlineData("*.example", "wildcard")]
    [InlineData("a b", "neither")]
    [InlineData("-a.example", "neither")]
    [InlineData("a..example", "neither")]
    [InlineData("", "empty")]
    [InlineData("a\ufffd.example", "characters")]
    [InlineData("\U0001f680.example", "characters")]
    public void TryParse_Other_SaysWhatToWrite(string text, string hint)
    {
        ServerName.TryParse(text, out _, out var why).ShouldBeFalse();

        why.ShouldNotBeNull().ShouldContain(hint);
    }

    [Theory]
    [InlineData("localhost", true)]
    [InlineData("a.localhost", true)]
    [InlineData("127.8.8.8", true)]
    [InlineData("::1", true)]
    [InlineData("localhost.example", false)]
    [InlineData("192.0.2.7", false)]
    public void IsLoopback_Name_IsTheMachineItself(string name, bool expected) => ServerName.IsLoopback(name).ShouldBe(expected);
}
