using System.Net;
using System.Security.Cryptography;
using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Provider.Tests.Support;

namespace IoTPlatform.Provider.Tests.Join;

public sealed class ApproveAndPollTests(ProviderFixture fixture) : IClassFixture<ProviderFixture>
{
    private readonly RunningProvider _provider = fixture.Provider;

    [SkippableFact]
    public async Task Request_Approved_TenantPollsItsBundleAndConfirms()
    {
        using var tenant = new TestTenant();
        (await AskAsync("polled", tenant)).Status.ShouldBe(HttpStatusCode.Accepted);
        var undecided = await StatusAsync("polled", tenant);
        undecided.Status.ShouldBe(TenantStatus.Requested);
        undecided.PollAfterSeconds.ShouldNotBeNull();
        undecided.Bundle.ShouldBeNull();
        (await _provider.ShowAsync("polled")).SubCaKeySha256.ShouldBe(Convert.ToHexStringLower(SHA256.HashData(tenant.SubCa.SubjectPublicKeyInfo)));

        (await DecideAsync("polled", "approve")).Status.ShouldBe(HttpStatusCode.Accepted);

        var bundle = await PollAsync("polled", tenant);
        bundle.TenantId.ShouldBe("polled");
        (await _provider.TryConfirmAsync("polled", tenant)).Status.ShouldBe(HttpStatusCode.NoContent);
        var confirmed = await StatusAsync("polled", tenant);
        confirmed.Status.ShouldBe(TenantStatus.Active);
        confirmed.Bundle.ShouldBeNull();
    }

    [SkippableFact]
    public async Task Request_Rejected_TenantLearnsWhyAndMayAskAgain()
    {
        using var tenant = new TestTenant();
        await AskAsync("rejected", tenant);

        (await DecideAsync("rejected", "reject", "Not one of ours.")).Status.ShouldBe(HttpStatusCode.NoContent);

        var status = await StatusAsync("rejected", tenant);
        status.Status.ShouldBe(TenantStatus.Rejected);
        status.Reason.ShouldBe("Not one of ours.");
        status.PollAfterSeconds.ShouldBeNull();
        (await AskAsync("rejected", tenant)).Status.ShouldBe(HttpStatusCode.Accepted);
        (await StatusAsync("rejected", tenant)).Status.ShouldBe(TenantStatus.Requested);
    }

    [SkippableFact]
    public async Task Request_Again_IsTheSameRequest()
    {
        using var tenant = new TestTenant();
        await AskAsync("patient", tenant);

        (await AskAsync("patient", tenant)).Status.ShouldBe(HttpStatusCode.Accepted);

        (await _provider.Database.ScalarAsync<long>("SELECT count(*) FROM provider.joins WHERE tenant_id = 'patient'")).ShouldBe(1);
    }

    [SkippableFact]
    public async Task Request_WhileAnotherKeyWaits_IsRefused()
    {
        using var first = new TestTenant();
        using var second = new TestTenant();
        await AskAsync("contested", first);

        (await AskAsync("contested", second)).ShouldBe(HttpStatusCode.Conflict, "join_request_refused");

        (await StatusAsync("contested", first)).Status.ShouldBe(TenantStatus.Requested);
    }

    [SkippableFact]
    public async Task Request_ForAJoinedTenant_IsRefused()
    {
        using var tenant = new TestTenant();
        using var intruder = new TestTenant();
        await _provider.ActivateAsync("taken", tenant);

        (await AskAsync("taken", intruder)).ShouldBe(HttpStatusCode.Conflict, "join_request_refused");

        (await _provider.ShowAsync("taken")).Status.ShouldBe(TenantStatus.Active);
    }

    [SkippableFact]
    public async Task Request_ForAPreparedTenant_LeavesItsJoinKeyOpenUntilApproved()
    {
        using var requester = new TestTenant();
        using var keyHolder = new TestTenant();
        var prepared = await _provider.PrepareAsync("both-ways");
        await AskAsync("both-ways", requester);

        await _provider.JoinAsync(prepared.JoinKey, keyHolder);

        (await DecideAsync("both-ways", "approve")).ShouldBe(HttpStatusCode.Conflict, "no_join_request");
        (await GetStatusAsync("both-ways", requester)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
    }

    [SkippableFact]
    public async Task Request_ForAPreparedTenant_ChangesNothingAboutIt()
    {
        using var requester = new TestTenant();
        await _provider.PrepareAsync("stays-prepared");

        (await AskAsync("stays-prepared", requester)).Status.ShouldBe(HttpStatusCode.Accepted);

        var detail = await _provider.ShowAsync("stays-prepared");
        detail.Status.ShouldBe(TenantStatus.Prepared);
        detail.JoinKeyExpiresAt.ShouldNotBeNull();
        (await StatusAsync("stays-prepared", requester)).Status.ShouldBe(TenantStatus.Requested);
    }

    [SkippableFact]
    public async Task Reject_PreparedTenant_StaysPreparedAndTheRequesterLearnsWhy()
    {
        using var requester = new TestTenant();
        using var keyHolder = new TestTenant();
        var prepared = await _provider.PrepareAsync("refused-and-prepared");
        await AskAsync("refused-and-prepared", requester);

        (await DecideAsync("refused-and-prepared", "reject", "It has a key.")).Status.ShouldBe(HttpStatusCode.NoContent);

        (await _provider.ShowAsync("refused-and-prepared")).Status.ShouldBe(TenantStatus.Prepared);
        var status = await StatusAsync("refused-and-prepared", requester);
        (status.Status, status.Reason).ShouldBe((TenantStatus.Rejected, "It has a key."));
        (await DecideAsync("refused-and-prepared", "approve")).ShouldBe(HttpStatusCode.Conflict, "no_join_request");
        await _provider.JoinAsync(prepared.JoinKey, keyHolder);
    }

    [SkippableFact]
    public async Task Request_OfOneAddressTooOften_HasToWait()
    {
        using var first = new TestTenant();
        _provider.Time.Advance(TimeSpan.FromMinutes(10));
        await AskAtOnceAsync("crowded", first);
        var others = Enumerable.Range(0, 5).Select(_ => new TestTenant()).ToList();

        var answers = await Task.WhenAll(others.Select(other => AskAtOnceAsync("crowded", other)));

        answers.Count(a => a.Status == HttpStatusCode.Conflict).ShouldBe(4);
        answers.Single(a => a.Status != HttpStatusCode.Conflict).ShouldBe(HttpStatusCode.TooManyRequests, "too_many_attempts");
        (await AskAtOnceAsync("crowded", first)).Status.ShouldBe(HttpStatusCode.Accepted, "the same request again is no new one");
        others.ForEach(other => other.Dispose());
    }

    [SkippableFact]
    public async Task Approve_PreparedTenant_EndsItsJoinKey()
    {
        using var requester = new TestTenant();
        using var keyHolder = new TestTenant();
        var prepared = await _provider.PrepareAsync("approved");
        await AskAsync("approved", requester);
        await DecideAsync("approved", "approve");

        (await _provider.TryJoinAsync(prepared.JoinKey, keyHolder)).ShouldBe(HttpStatusCode.Unauthorized, "join_key_refused");
    }

    [SkippableFact]
    public async Task Approve_WithoutRequest_IsAConflict()
    {
        await _provider.PrepareAsync("unasked");

        (await DecideAsync("unasked", "approve")).Status.ShouldBeOneOf(HttpStatusCode.Conflict, HttpStatusCode.NotFound);
        (await DecideAsync("nobody", "approve")).ShouldBe(HttpStatusCode.NotFound, "tenant_not_found");
    }

    [SkippableFact]
    public async Task Status_ProofOfAnotherKeyOrNone_IsRefused()
    {
        using var tenant = new TestTenant();
        using var stranger = new TestTenant();
        await AskAsync("private", tenant);

        (await GetStatusAsync("private", stranger)).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
        (await _provider.Anonymous().GetAsync("portal/admin/tenants/private/join-status")).ShouldBe(HttpStatusCode.Unauthorized, "proof_refused");
    }

    [SkippableTheory]
    [InlineData("approve")]
    [InlineData("reject")]
    public async Task Decide_WithoutSession_IsRefused(string decision)
    {
        using var tenant = new TestTenant();
        await AskAsync("undecided-" + decision, tenant);

        (await _provider.Anonymous().PostAsync($"portal/admin/join-request/undecided-{decision}/{decision}")).Status.ShouldBe(HttpStatusCode.Unauthorized);

        (await StatusAsync("undecided-" + decision, tenant)).Status.ShouldBe(TenantStatus.Requested);
    }

    private Task<Answer> AskAsync(string tenantId, TestTenant tenant)
    {
        // One request a minute is free for ever.
        _provider.Time.Advance(TimeSpan.FromMinutes(1));
        return AskAtOnceAsync(tenantId, tenant);
    }

    private Task<Answer> AskAtOnceAsync(string tenantId, TestTenant tenant) =>
        _provider.Anonymous().PostAsync($"portal/admin/join-request/{tenantId}", tenant.Request(), ContractsJson.Default.JoinRequest);

    private async Task<Answer> DecideAsync(string tenantId, string decision, string? reason = null)
    {
        var admin = await _provider.AdminAsync();
        var path = $"portal/admin/join-request/{tenantId}/{decision}";
        return reason is null ? await admin.PostAsync(path) : await admin.PostAsync(path, new RejectJoinRequest { Reason = reason }, ContractsJson.Default.RejectJoinRequest);
    }

    private async Task<Answer> GetStatusAsync(string tenantId, TestTenant tenant)
    {
        var path = $"portal/admin/tenants/{tenantId}/join-status";
        var caller = _provider.Anonymous();
        caller.Bearer = tenant.Proof(tenantId, _provider.At(path), _provider.Time);
        return await caller.GetAsync(path);
    }

    private async Task<JoinRequestStatus> StatusAsync(string tenantId, TestTenant tenant) =>
        (await GetStatusAsync(tenantId, tenant)).Read(ContractsJson.Default.JoinRequestStatus);

    private async Task<JoinBundle> PollAsync(string tenantId, TestTenant tenant)
    {
        using var patience = new CancellationTokenSource(TimeSpan.FromSeconds(60));
        while (true)
        {
            if ((await StatusAsync(tenantId, tenant)).Bundle is { } bundle)
            {
                return bundle;
            }

            await Task.Delay(20, patience.Token);
        }
    }
}
