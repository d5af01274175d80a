using IoTPlatform.Provider.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Provider.Tests.Startup;

/// <summary>The portal of a provider as it is without any settings.</summary>
public sealed class PortalTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    [SkippableFact]
    public async Task LocalAccount_SignsInAndOut()
    {
        using var browser = new Browser();
        var home = await browser.GetAsync(new Uri(fixture.Provider.Url, "portal"));

        var page = await browser.SubmitAsync(home, "sign-in", ("username", "admin"), ("password", RunningProvider.AdminPassword));

        page["name"].ShouldBe("admin");
        page["way"].ShouldBe("with a local account");
        page.Text.ShouldContain("IoT platform provider");
        (await browser.SubmitAsync(page, "sign-out"))["name"].ShouldBeNull();
    }
}
