using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Backup;

/// <summary>docs/backup-and-restore.md, done.</summary>
public sealed class RestoreTests
{
    [SkippableFact]
    public async Task Restore_IntoANewFolder_KnowsItsDevicesAndRenews()
    {
        Requires.Tool("initdb");
        Requires.Tool("pg_dump");
        using var backup = new TempFolder();
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = new TenantStack(provider, database: null, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        tenant.Launch();
        await tenant.ReadyAsync();
        using var admin = await tenant.AdminAsync();
        using var device = await EnrolledDevice.EnrollAsync(tenant, admin, "pump-1");

        await RunAsync("pg_dump", "--format=custom", "--host", Path.Combine(tenant.Data, "postgres", "socket"), "--username", "postgres", "--file", backup.Combine("database.dump"), "tenant");
        await RunAsync("tar", "-C", tenant.Data, "--exclude=./postgres", "-cf", backup.Combine("files.tar"), ".");
        await StopAsync(tenant);
        Directory.Delete(tenant.Data, recursive: true);

        Directory.CreateDirectory(backup.Combine("new"), UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        await RunAsync("tar", "-C", backup.Combine("new"), "-xf", backup.Combine("files.tar"));
        var data = new Dictionary<string, string?>(StringComparer.Ordinal) { ["IOT_DATA"] = backup.Combine("new") };
        tenant.Launch(data);
        (await tenant.Process.WaitForLineAsync("error: ")).ShouldContain("--restore");
        await tenant.Process.DisposeAsync();
        var restore = new Dictionary<string, string?>(data) { ["IOT_RESTORE"] = backup.Combine("database.dump") };
        tenant.Launch(restore);
        await tenant.ReadyAsync();

        await device.RenewAsync();
        device.Verify(tenant.Root.Root);
        using (var again = await tenant.AdminAsync(backup.Combine("new")))
        {
            (await again.ListDevicesAsync()).Items.ShouldHaveSingleItem().DeviceId.ShouldBe("pump-1");
            (await again.VerifyAuditAsync()).Intact.ShouldBeTrue();
        }

        await StopAsync(tenant);
        tenant.Launch(restore);
        (await tenant.Process.WaitForLineAsync("error: ")).ShouldContain("not empty");
        await tenant.Process.DisposeAsync();
        tenant.Launch(data);
        await tenant.ReadyAsync();
        await StopAsync(tenant);
    }

    private static async Task RunAsync(string program, params string[] arguments) => (await Tools.RunAsync(program, arguments)).EnsureSuccess();

    private static async Task StopAsync(TenantStack tenant)
    {
        tenant.Process.Terminate();
        (await tenant.Process.WaitForExitAsync()).ShouldBe(0, tenant.Process.Output);
        await tenant.Process.DisposeAsync();
    }
}
