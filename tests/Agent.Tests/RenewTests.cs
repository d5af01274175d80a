using IoTPlatform.Client;
using IoTPlatform.Client.Tests.Doubles;

namespace IoTPlatform.Agent.Tests;

public sealed class RenewTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Renew_CurrentCertificate_ProvesWhoAsks(bool newKey)
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        using var before = folder.LoadIdentity()!;

        using var after = await tenant.Agent(folder).RenewAsync(newKey);

        var request = tenant.Calls[^1];
        request.Path.ShouldBe("/devices/pump-1/renew");
        request.ClientCertificate!.RawData.ShouldBe(before.Certificate.RawData);
        request.Authorization.ShouldBeEmpty();
        before.HasKey(after.Key).ShouldBe(!newKey);
        after.Certificate.RawData.ShouldNotBe(before.Certificate.RawData);
        using var onDisk = folder.LoadIdentity()!;
        onDisk.Certificate.RawData.ShouldBe(after.Certificate.RawData);
        onDisk.HasKey(after.Key).ShouldBeTrue();
        File.Exists(folder.PendingKeyPath).ShouldBeFalse();
    }

    [Fact]
    public async Task Renew_Refused_LeavesTheIdentityAsItIs()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        var before = await File.ReadAllBytesAsync(folder.IdentityPath);
        tenant.Fault = async (context, _) =>
        {
            await context.ProblemAsync(403, "device_revoked", "this device is revoked");
            return true;
        };

        var e = await Should.ThrowAsync<ApiException>(() => tenant.Agent(folder).RenewAsync(newKey: true));

        RevocationCodes.Contains(e.Code).ShouldBeTrue();
        (await File.ReadAllBytesAsync(folder.IdentityPath)).ShouldBe(before);
    }

    [Fact]
    public async Task Renew_WrongCertificateAnswered_LeavesTheIdentityAsItIs()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        var before = await File.ReadAllTextAsync(folder.IdentityPath);
        tenant.Change = answer => answer with { Certificate = "garbage" };

        await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).RenewAsync(newKey: true));

        (await File.ReadAllTextAsync(folder.IdentityPath)).ShouldBe(before);
    }

    [Fact]
    public async Task Renew_ServerOfAnotherRoot_IsNotAsked()
    {
        await using var tenant = await FakeTenant.StartAsync();
        await tenant.EnrollAsync();
        using var folder = tenant.Open();
        using var foreign = new TestAuthority("Foreign");
        await File.WriteAllTextAsync(folder.RootPath, foreign.RootPem);

        (await Should.ThrowAsync<UnreachableException>(() => tenant.Agent(folder).RenewAsync(newKey: true))).Reason.ShouldBe(UnreachableReason.Untrusted);

        tenant.Calls.Count.ShouldBe(1);
    }

    [Fact]
    public async Task Renew_NotEnrolled_SaysWhatToDo()
    {
        await using var tenant = await FakeTenant.StartAsync();
        using var folder = tenant.Open();

        (await Should.ThrowAsync<AgentException>(() => tenant.Agent(folder).RenewAsync(newKey: true))).Message.ShouldContain("enrol first");
    }
}
