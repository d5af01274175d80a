namespace IoTPlatform.Client.Tests;

public sealed class EnrollmentTextTests
{
    private static readonly string Fingerprint = new('a', 64);

    [Theory]
    [InlineData("https://tenant.example:9543/", "pump-1")]
    [InlineData("https://[::1]:9543/base/", null)]
    public void Written_IsReadBack(string url, string? device)
    {
        var text = new EnrollmentText { TenantUrl = new Uri(url), Fingerprint = Fingerprint, TrustDomain = "acme.iot.example", Token = "a+b/c=&d", DeviceId = device }.Write();

        EnrollmentText.TryRead(text, out var read).ShouldBeTrue();

        (read.TenantUrl.AbsoluteUri, read.Fingerprint, read.TrustDomain, read.Token, read.DeviceId).ShouldBe((url, Fingerprint, "acme.iot.example", "a+b/c=&d", device));
        text.ShouldStartWith("iotenroll://");
    }

    [Theory]
    [InlineData("a-bare-token")]
    [InlineData("iotenroll://")]
    [InlineData("iotenroll://host/?trust_domain=acme.iot.example&token=t")]
    [InlineData("iotenroll://host/?fingerprint=F&token=t")]
    [InlineData("iotenroll://host/?fingerprint=F&trust_domain=acme.iot.example")]
    [InlineData("iotenroll://host/?fingerprint=F&trust_domain=acme.iot.example&token=t&token=u")]
    [InlineData("iotenroll://host/?fingerprint=F&trust_domain=acme.iot.example&token=t&more=1")]
    [InlineData("iotenroll://host/?fingerprint=F&trust_domain=Acme..example&token=t")]
    [InlineData("iotenroll://user@host/?fingerprint=F&trust_domain=acme.iot.example&token=t")]
    [InlineData("iotenroll://host/?fingerprint=zz&trust_domain=acme.iot.example&token=t")]
    public void NotWhole_IsRefused(string text) =>
        EnrollmentText.TryRead(text.Replace("=F&", $"={Fingerprint}&", StringComparison.Ordinal), out _).ShouldBeFalse();
}
