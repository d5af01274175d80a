using IoTPlatform.Stacks;
using IoTPlatform.Testing;

namespace IoTPlatform.EndToEnd.Tests.Backup;

/// <summary>CA keys whose database is missing, empty or another stack's.</summary>
public sealed class LostDatabaseTests
{
    private static readonly Dictionary<string, string?> Lost = new(StringComparer.Ordinal) { ["IOT_I_LOST_THE_DATABASE"] = "yes" };

    [SkippableFact]
    public async Task Start_PrivateDatabaseMissing_RefusedUntilRestoredOrGivenUp()
    {
        await using var provider = ProviderStack.WithPrivateDatabase();
        await provider.StartProcessAsync();
        await StopAsync(provider);
        var postgres = Path.Combine(provider.Data, "postgres");
        Directory.Move(postgres, postgres + ".away");

        (await RefusalAsync(provider)).ShouldContain("--restore");
        Directory.Exists(Path.Combine(postgres, "data")).ShouldBeFalse();

        provider.Launch(Lost);
        await provider.Process.WaitForLineAsync("ready ");
        using (var admin = await provider.AdminAsync())
        {
            (await admin.ListAuditAsync()).Items.ShouldContain(entry => entry.Action == "database.lost");
        }

        await StopAsync(provider);

        (await RefusalAsync(provider, Lost)).ShouldContain("Nothing is lost");
        await provider.StartProcessAsync();
        await StopAsync(provider);

        // The old one turns up: it knows nothing of what the new one has signed since.
        Directory.Delete(postgres, recursive: true);
        Directory.Move(postgres + ".away", postgres);
        (await RefusalAsync(provider)).ShouldContain("belongs to another stack");
    }

    [SkippableFact]
    public async Task Start_DatabaseEmptyOrOfAnotherStack_Refused()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var other = await ProviderStack.StartAsync();
        await using var empty = await PostgresServer.CreateEmptyDatabaseAsync();
        await StopAsync(provider);

        (await RefusalAsync(provider, Database(empty))).ShouldContain("--i-lost-the-database");
        (await RefusalAsync(provider, Database(other.Database))).ShouldContain("belongs to another stack");
        (await RefusalAsync(provider, new(Database(other.Database)) { ["IOT_DATA"] = provider.Data + ".new" })).ShouldContain("belongs to another stack");
        (await other.Database.ScalarAsync<long>("SELECT count(*) FROM platform.identity")).ShouldBe(1);

        await provider.StartProcessAsync();
        (await provider.PrepareAsync("acme")).JoinKey.ShouldNotBeNullOrEmpty();
    }

    [SkippableFact]
    public async Task Start_TenantOnAnEmptyDatabase_Refused()
    {
        await using var provider = await ProviderStack.StartAsync();
        await using var tenant = await TenantStack.LaunchAsync(provider, "acme", (await provider.PrepareAsync("acme")).JoinKey);
        await tenant.ReadyAsync();
        await using var empty = await PostgresServer.CreateEmptyDatabaseAsync();
        tenant.Process.Terminate();
        await tenant.Process.WaitForExitAsync();
        await tenant.Process.DisposeAsync();

        tenant.Launch(Database(empty));

        (await tenant.Process.WaitForLineAsync("error: ")).ShouldContain("--i-lost-the-database");
        (await tenant.Process.WaitForExitAsync()).ShouldBe(1);
        await tenant.Process.DisposeAsync();
        tenant.Launch();
        await tenant.ReadyAsync();
    }

    [SkippableFact]
    public async Task Start_FromBeforeThereWereIdentities_IsAdopted()
    {
        await using var provider = await ProviderStack.StartAsync();
        await StopAsync(provider);
        File.Delete(Path.Combine(provider.Data, "stack-id"));
        await provider.Database.ExecuteAsync("DELETE FROM platform.identity");

        await provider.StartProcessAsync();

        var id = (await File.ReadAllTextAsync(Path.Combine(provider.Data, "stack-id"))).Trim();
        (await provider.Database.ScalarAsync<string>("SELECT stack_id || ' ' || kind || ' ' || root_fingerprint FROM platform.identity")).ShouldBe($"{id} provider {provider.Trust.Fingerprint}");
    }

    private static Dictionary<string, string?> Database(TestDatabase database) => new(StringComparer.Ordinal) { ["IOT_DATABASE"] = database.ConnectionString };

    private static async Task<string> RefusalAsync(ProviderStack provider, Dictionary<string, string?>? once = null)
    {
        provider.Launch(once);
        var said = await provider.Process.WaitForLineAsync("error: ");
        (await provider.Process.WaitForExitAsync()).ShouldBe(1);
        await provider.Process.DisposeAsync();
        return said;
    }

    private static async Task StopAsync(ProviderStack provider)
    {
        provider.Process.Terminate();
        (await provider.Process.WaitForExitAsync()).ShouldBe(0, provider.Process.Output);
        await provider.Process.DisposeAsync();
    }
}
