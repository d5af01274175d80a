using System.Net;
using IoTPlatform.Hosting;
using IoTPlatform.Identity;
using IoTPlatform.Testing;
using Microsoft.Extensions.DependencyInjection;

namespace IoTPlatform.Identity.Tests.Accounts;

public sealed class InitialAdminTests : IAsyncLifetime
{
    private readonly TempFolder _temp = new();
    private TestApp _app = null!;
    private DataFolder _folder = null!;

    public async Task InitializeAsync()
    {
        _app = await TestApp.StartAsync();
        _folder = DataFolder.Open(_temp.Combine("data"));
    }

    public async Task DisposeAsync()
    {
        _folder.Dispose();
        await _app.DisposeAsync();
        _temp.Dispose();
    }

    [SkippableFact]
    public async Task EnsureAsync_NoPassword_GeneratesOneIntoAFile()
    {
        (await EnsureAsync(null)).ShouldBeTrue();

        var password = File.ReadAllText(_folder.Combine("admin-password")).Trim();
        password.Length.ShouldBe(24);
        File.GetUnixFileMode(_folder.Combine("admin-password")).ShouldBe(UnixFileMode.UserRead | UnixFileMode.UserWrite);
        (await SignInAsync(password)).Username.ShouldBe("admin");
        _app.Log.Text.ShouldNotContain(password);
    }

    [SkippableFact]
    public async Task EnsureAsync_Again_TakesOnlyThePasswordTheAccountHas()
    {
        await EnsureAsync(null);
        var password = File.ReadAllText(_folder.Combine("admin-password"));

        (await EnsureAsync(null)).ShouldBeFalse();
        (await EnsureAsync(password.Trim())).ShouldBeFalse();
        var refused = await Should.ThrowAsync<StartupException>(() => EnsureAsync("another password"));

        refused.Message.ShouldStartWith("IOT_ADMIN_PASSWORD");
        refused.Message.ShouldNotContain("another password");
        File.ReadAllText(_folder.Combine("admin-password")).ShouldBe(password);
        (await SignInAsync(password.Trim())).Username.ShouldBe("admin");
    }

    [SkippableFact]
    public async Task EnsureAsync_CrashAfterTheFile_UsesItsPassword()
    {
        _folder.WriteSecret("admin-password", "from before the crash\n"u8);

        (await EnsureAsync(null)).ShouldBeTrue();

        (await SignInAsync("from before the crash")).Username.ShouldBe("admin");
    }

    [SkippableFact]
    public async Task EnsureAsync_GivenPassword_IsNotWritten()
    {
        (await EnsureAsync("given password")).ShouldBeTrue();

        File.Exists(_folder.Combine("admin-password")).ShouldBeFalse();
        (await SignInAsync("given password")).Username.ShouldBe("admin");
    }

    [SkippableFact]
    public async Task EnsureAsync_ShortPassword_RefusedWithoutEcho()
    {
        var refused = await Should.ThrowAsync<StartupException>(() => EnsureAsync("seven77"));

        refused.Message.ShouldStartWith("IOT_ADMIN_PASSWORD");
        refused.Message.ShouldNotContain("seven77");
    }

    private Task<Account> SignInAsync(string password) => _app.Services.GetRequiredService<LoginService>().CheckPasswordAsync("admin", password, IPAddress.Loopback, default);

    private Task<bool> EnsureAsync(string? password) => InitialAdmin.EnsureAsync(_app.DataSource, _folder, password, _app.Time, default);
}
