using System.Net;
using IoTPlatform.Tenant.Tests.Support;
using IoTPlatform.Testing;

namespace IoTPlatform.Tenant.Tests.Startup;

/// <summary>The portal of a tenant as it is without any settings.</summary>
public sealed class PortalTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private Uri Portal => new(shared.Tenant.Url, "portal");

    [SkippableFact]
    public async Task LocalAccount_SignsInAndOut_AndKeysLieInTheDataFolder()
    {
        using var browser = new Browser();

        var page = await browser.SubmitAsync(await browser.GetAsync(Portal), "sign-in", ("username", "admin"), ("password", "correct horse battery staple"));

        page["name"].ShouldBe("admin");
        page["roles"].ShouldBe("cdm-admin");
        page.Text.ShouldContain("IoT tenant");
        var keys = Directory.GetFiles(Path.Combine(shared.Tenant.Data, "secrets", "data-protection"));
        keys.ShouldNotBeEmpty();
        keys.ShouldAllBe(key => File.GetUnixFileMode(key) == (UnixFileMode.UserRead | UnixFileMode.UserWrite));
        (await browser.SubmitAsync(page, "sign-out"))["name"].ShouldBeNull();
    }

    /// <summary>A phone does not know the platform's root: its page is there only where the operator says that it knows the address.</summary>
    [SkippableFact]
    public async Task PhonesPage_IsNotThere()
    {
        using var browser = new Browser();

        (await browser.GetAsync(new Uri(shared.Tenant.Url, "enroll"))).Status.ShouldBe(HttpStatusCode.NotFound);
        (await browser.GetAsync(new Uri(shared.Tenant.Url, "enroll.js"))).Status.ShouldBe(HttpStatusCode.NotFound);
    }

    [SkippableFact]
    public async Task Session_HostRestarted_GoesOn()
    {
        await using var tenant = await TestTenant.StartAsync();
        var portal = new Uri(tenant.Url, "portal");
        using var browser = new Browser();
        await browser.SubmitAsync(await browser.GetAsync(portal), "sign-in", ("username", "admin"), ("password", "correct horse battery staple"));

        await tenant.BootAsync();

        (await browser.GetAsync(portal))["name"].ShouldBe("admin");
    }
}
