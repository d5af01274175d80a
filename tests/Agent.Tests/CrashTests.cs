using System.Security.Cryptography;
using IoTPlatform.Client;

namespace IoTPlatform.Agent.Tests;

/// <summary>Every state the files can be in when the agent is killed at any moment; the next start has a usable identity and goes on.</summary>
public sealed class CrashTests
{
    [Fact]
    public async Task KilledAfterPendingKey_BeforeTheRequest_EnrolsWithThatKey()
    {
        await using var tenant = await FakeTenant.StartAsync();
        string pending;
        using (var folder = tenant.Open())
        {
            folder.SaveSettings(tenant.Settings, tenant.Server.Trust);
            using var key = folder.LoadOrCreatePendingKey();
            pending = Convert.ToHexString(SHA256.HashData(key.ExportSubjectPublicKeyInfo()));
        }

        await tenant.EnrollAsync();

        EnrollTests.KeyOf(tenant.Calls.Single()).ShouldBe(pending);
    }

    [Fact]
    public async Task KilledWhileTheTenantAnswersARenewal_OldIdentityStillRenews_WithTheSameNewKey()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        tenant.Fault = (context, _) =>
        {
            if (tenant.Calls.Count == 2)
            {
                context.Abort();
            }

            return Task.FromResult(tenant.Calls.Count == 2);
        };
        using var folder = tenant.Open();
        await Should.ThrowAsync<UnreachableException>(() => tenant.Agent(folder).RenewAsync(newKey: true));

        using var identity = await tenant.Agent(folder).RenewAsync(newKey: true);

        EnrollTests.KeyOf(tenant.Calls[1]).ShouldBe(EnrollTests.KeyOf(tenant.Calls[2]));
        identity.Certificate.HasPrivateKey.ShouldBeTrue();
    }

    [Fact]
    public async Task KilledAfterTheSwap_BeforeThePendingKeyWasDropped_NextRenewalMakesAFreshKey()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        using (var identity = folder.LoadIdentity()!)
        {
            await File.WriteAllTextAsync(folder.PendingKeyPath, identity.Key.ExportPkcs8PrivateKeyPem());
        }

        using var before = folder.LoadIdentity()!;
        using var after = await tenant.Agent(folder).RenewAsync(newKey: true);

        before.HasKey(after.Key).ShouldBeFalse();
    }

    [Fact]
    public async Task KilledWhileWriting_HalfATemporaryFile_IsNoIdentity()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        var whole = await File.ReadAllTextAsync(folder.IdentityPath);
        await File.WriteAllTextAsync(folder.IdentityPath + ".tmp", whole[..(whole.Length / 2)]);

        using var identity = folder.LoadIdentity();

        identity.ShouldNotBeNull();
    }

    [Fact]
    public async Task Identity_CutOffAnywhere_IsAClearErrorAndNeverHalfAnIdentity()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        var whole = (await File.ReadAllTextAsync(folder.IdentityPath)).TrimEnd();
        for (var length = 0; length < whole.Length; length += 7)
        {
            await File.WriteAllTextAsync(folder.IdentityPath, whole[..length]);
            Should.Throw<AgentException>(() => folder.LoadIdentity()).Message.ShouldContain("damaged");
        }
    }

    [Theory]
    [InlineData("device.json")]
    [InlineData("root_ca.crt")]
    [InlineData("pending.key")]
    public async Task OtherFile_Damaged_IsAClearError(string file)
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        await File.WriteAllTextAsync(Path.Combine(folder.Path, file), "null");

        (await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).RenewAsync(newKey: true))).Message.ShouldContain($"{file} is damaged");
    }

    [Fact]
    public async Task SecondAgent_OnTheSameFolder_IsRefused()
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var first = tenant.Open();

        Should.Throw<AgentException>(() => tenant.Open()).Message.ShouldContain("another agent");
    }

    [Fact]
    public void Open_AFileInTheWay_SaysSo()
    {
        using var temp = new Testing.TempFolder();
        File.WriteAllText(temp.Combine("device"), "");

        Should.Throw<AgentException>(() => DeviceFolder.Open(temp.Combine("device"))).Message.ShouldContain("cannot use the device folder");
    }
}
