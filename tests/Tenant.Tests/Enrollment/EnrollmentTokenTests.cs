using System.Net;
using System.Text;
using IoTPlatform.Contracts.Devices;
using IoTPlatform.Tenant.Features.Enrollment;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Enrollment;

public sealed class EnrollmentTokenTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    [SkippableFact]
    public async Task Create_Token_IsStoredAsAHashOnly()
    {
        var created = await shared.Admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = "valve-1", Note = "hall 3" });

        var row = (await Tenant.Database.ScalarAsync<string>("SELECT row_to_json(t)::text FROM tenant.enrollment_tokens t WHERE id = $1", created.Id))!;
        row.ShouldNotContain(created.Token);
        row.ShouldContain(Convert.ToHexStringLower(EnrollmentSecret.Hash(created.Token)));
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE details LIKE '%' || $1 || '%'", created.Token)).ShouldBe(0);
    }

    [SkippableFact]
    public async Task List_Tokens_ShowsUsesAndNoSecret()
    {
        var created = await shared.Admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { Uses = 42, Note = "fleet" });

        var listed = (await shared.Admin.ListTokensAsync()).Items.Single(t => t.Id == created.Id);

        listed.Uses.ShouldBe(42);
        listed.Used.ShouldBe(0);
        listed.Note.ShouldBe("fleet");
        listed.ToString().ShouldNotContain(created.Token);
    }

    [SkippableFact]
    public async Task List_Pages_ShowEveryTokenOnce()
    {
        for (var i = 0; i < 5; i++)
        {
            await shared.TokenAsync();
        }

        var seen = new List<Guid>();
        string? cursor = null;
        do
        {
            var page = await shared.Admin.ListTokensAsync(cursor, limit: 2);
            seen.AddRange(page.Items.Select(t => t.Id));
            cursor = page.NextCursor;
        }
        while (cursor is not null);

        seen.Distinct().Count().ShouldBe(seen.Count);
        seen.Count.ShouldBe((int)await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM tenant.enrollment_tokens"));
    }

    [SkippableFact]
    public async Task Enroll_RevokedToken_IsRefusedAlsoForARetry()
    {
        var created = await shared.Admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { Uses = 2 });
        using var device = new TestDevice("valve-2");
        await device.EnrollAsync(Tenant, created.Token);

        await shared.Admin.RevokeTokenAsync(created.Id);
        await shared.Admin.RevokeTokenAsync(created.Id);

        await Refused.WithAsync(401, "enrollment_token_refused", () => device.EnrollAsync(Tenant, created.Token));
    }

    [SkippableFact]
    public async Task Enroll_ExpiredToken_IsRefused()
    {
        var token = await shared.TokenAsync("valve-3");
        await Tenant.Database.ExecuteAsync("UPDATE tenant.enrollment_tokens SET expires_at = now() WHERE device_id = 'valve-3'");
        using var device = new TestDevice("valve-3");

        await Refused.WithAsync(401, "enrollment_token_refused", () => device.EnrollAsync(Tenant, token));
    }

    [SkippableFact]
    public async Task Enroll_UsedUpToken_IsRefused()
    {
        var token = await shared.TokenAsync(uses: 1);
        using var first = new TestDevice("valve-4");
        using var second = new TestDevice("valve-5");
        await first.EnrollAsync(Tenant, token);

        await Refused.WithAsync(401, "enrollment_token_refused", () => second.EnrollAsync(Tenant, token));
    }

    [SkippableFact]
    public async Task Enroll_TokenForAnotherDevice_IsRefusedAndNotUsedUp()
    {
        var token = await shared.TokenAsync("valve-6");
        using var other = new TestDevice("valve-7");
        using var right = new TestDevice("valve-6");

        await Refused.WithAsync(403, "enrollment_token_for_other_device", () => other.EnrollAsync(Tenant, token));
        await right.EnrollAsync(Tenant, token);
    }

    [SkippableTheory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("iot-enroll-")]
    [InlineData("iot-enroll-AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    [InlineData("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA")]
    public async Task Enroll_NoOrMadeUpToken_GetsTheSameRefusal(string? token)
    {
        using var device = new TestDevice($"guess-{token?.Length ?? 0}-{token?[..Math.Min(token.Length, 1)] ?? "x"}".ToLowerInvariant().TrimEnd('-'));

        await Refused.WithAsync(401, "enrollment_token_refused", () => device.EnrollAsync(Tenant, token));
    }

    [SkippableFact]
    public async Task Enroll_TokenAsQueryOrBasic_IsRefused()
    {
        var token = await shared.TokenAsync("valve-8");
        using var device = new TestDevice("valve-8");
        using var http = Client.PlatformHttp.Create(Tenant.Url, Tenant.Trust, client: null, TimeSpan.FromSeconds(30));
        using var request = new HttpRequestMessage(HttpMethod.Post, $"devices/valve-8/enroll?token={token}&access_token={token}");
        request.Content = new StringContent(System.Text.Json.JsonSerializer.Serialize(new { csr = device.Csr }), Encoding.UTF8, "application/json");
        request.Headers.TryAddWithoutValidation("Authorization", $"Basic {token}");

        using var answer = await http.SendAsync(request);

        answer.StatusCode.ShouldBe(HttpStatusCode.Unauthorized);
    }

    [SkippableFact]
    public async Task Enroll_GuessingInALoop_IsSlowedDownAndAudited()
    {
        using var device = new TestDevice("guessed");
        var codes = new List<string>();
        for (var i = 0; i < 12; i++)
        {
            var refused = await Should.ThrowAsync<Client.ApiException>(() => device.EnrollAsync(Tenant, EnrollmentSecret.Create()));
            codes.Add(refused.Code);
            if (refused.Code == "too_many_attempts")
            {
                refused.RetryAfter.ShouldNotBeNull();
            }
        }

        codes[0].ShouldBe("enrollment_token_refused");
        codes[^1].ShouldBe("too_many_attempts");
        (await Tenant.Database.ScalarAsync<long>("SELECT count(*) FROM audit.entries WHERE action = 'enrollment.refused'")).ShouldBeInRange(1, 3);
        using var honest = new TestDevice("not-guessed");
        await honest.EnrollAsync(Tenant, await shared.TokenAsync("not-guessed"));
    }

    [SkippableTheory]
    [InlineData(null, 0, 3600, "invalid_uses")]
    [InlineData(null, 100_001, 3600, "invalid_uses")]
    [InlineData("pump", 2, 3600, "invalid_uses")]
    [InlineData(null, 1, 59, "invalid_expiry")]
    [InlineData(null, 1, 2_592_001, "invalid_expiry")]
    [InlineData(null, 1, -1, "invalid_expiry")]
    [InlineData("Pump", 1, 3600, "invalid_device_id")]
    public Task Create_OutOfBounds_IsRefused(string? deviceId, int uses, int seconds, string code) => Refused.WithAsync(
        400, code, () => shared.Admin.CreateTokenAsync(new CreateEnrollmentTokenRequest { DeviceId = deviceId, Uses = uses, ExpiresInSeconds = seconds }));

    [SkippableFact]
    public Task Revoke_UnknownToken_IsNotFound() =>
        Refused.WithAsync(404, "enrollment_token_unknown", () => shared.Admin.RevokeTokenAsync(Guid.NewGuid()));
}
