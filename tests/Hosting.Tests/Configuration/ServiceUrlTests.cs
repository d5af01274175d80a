namespace IoTPlatform.Hosting.Tests.Configuration;

public sealed class ServiceUrlTests
{
    [Theory]
    [InlineData("https://Provider.example:9443", "provider.example")]
    [InlineData("https://provider.example/", "provider.example")]
    [InlineData("https://192.0.2.7/x", "192.0.2.7")]
    [InlineData("https://[2001:db8::7]:443", "2001:db8::7")]
    public void TryParse_UrlOfAServer_HasItsName(string text, string host)
    {
        ServiceUrl.TryParse(text, ["https"], out var url, out _).ShouldBeTrue();
        url!.Host.ShouldBe(host);
    }

    [Theory]
    [InlineData("http://provider.example", "scheme")]
    [InlineData("https://user:secret@provider.example", "credentials")]
    [InlineData("https://provider.example?x=1", "query")]
    [InlineData("provider.example", "scheme")]
    [InlineData("https://010.0.0.1", "leading zeros")] // System.Uri reads 8.0.0.1
    [InlineData("https://2130706433", "IP address")] // and 127.0.0.1
    [InlineData("https://gerät.example", "xn--gert-noa.example")]
    [InlineData("https://iot_provider.example", "underscore")]
    [InlineData("https://provider.example.", "dot")]
    public void TryParse_Other_SaysWhy(string text, string hint)
    {
        ServiceUrl.TryParse(text, ["https"], out _, out var why).ShouldBeFalse();
        why.ShouldNotBeNull().ShouldContain(hint);
        why.ShouldNotContain("secret");
    }
}
