using IoTPlatform.Testing;
using Shouldly;
using Xunit;

namespace IoTPlatform.LocalServices.Tests;

public sealed class KeycloakFolderTests : IDisposable
{
    private static readonly KeycloakProgram Archive = new() { StartScript = "/archive/start" };
    private readonly TempFolder _temp = new();

    public void Dispose() => _temp.Dispose();

    [Fact]
    public async Task Server_AdministratorsPassword_IsNotOnTheCommandLine()
    {
        var folder = new KeycloakFolder(_temp.Path, Archive, 1001, 1002);
        var command = await folder.ServerAsync();
        command.FileName.ShouldBe(Archive.StartScript);
        command.Arguments.ShouldBe([_temp.Path, "1001", "1002"]);
        command.Environment["KC_BOOTSTRAP_ADMIN_PASSWORD"].ShouldBe(folder.AdminPassword);
    }

    [Fact]
    public void Addresses_OfItsPorts_AreOnLoopback()
    {
        var folder = new KeycloakFolder(_temp.Path, Archive, 1001, 1002);
        folder.Issuer("cdm").ShouldBe("http://127.0.0.1:1001/realms/cdm");
        folder.Health.ShouldBe(new Uri("http://127.0.0.1:1002/health/ready"));
    }
}
