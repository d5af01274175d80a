using IoTPlatform.Tenant.Features.Enrollment;
using IoTPlatform.Tenant.Tests.Support;

namespace IoTPlatform.Tenant.Tests.Enrollment;

public sealed class EnrollmentLimitTests(SharedTenant shared) : IClassFixture<SharedTenant>
{
    private TestTenant Tenant => shared.Tenant;

    // A plant behind one address: many are refused there, devices with a valid token get in.
    [SkippableFact]
    public async Task Enroll_HundredRefusedFromTheSameAddress_GoodTokenOpens()
    {
        using var broken = new TestDevice("broken");
        var dead = EnrollmentSecret.Create();
        for (var i = 0; i < 110; i++)
        {
            (await Should.ThrowAsync<Client.ApiException>(() => broken.EnrollAsync(Tenant, i % 2 == 0 ? dead : EnrollmentSecret.Create()))).Status.ShouldBeOneOf(401, 429);
        }

        using var nobody = new TestDevice("nobody");
        for (var i = 0; i < 30; i++)
        {
            (await Should.ThrowAsync<Client.ApiException>(() => nobody.EnrollAsync(Tenant, token: null))).Status.ShouldBeOneOf(401, 429);
        }

        using var honest = new TestDevice("honest");
        await honest.EnrollAsync(Tenant, await shared.TokenAsync("honest"));
        await broken.EnrollAsync(Tenant, await shared.TokenAsync("broken"));
    }

    // One broken device with a fleet's used-up token: the others' first refusal still says why.
    [SkippableFact]
    public async Task Enroll_SameDeadTokenOnOtherDevice_IsNotSlowedDown()
    {
        var dead = EnrollmentSecret.Create();
        using var broken = new TestDevice("broken-1");
        for (var i = 0; i < 10; i++)
        {
            await Should.ThrowAsync<Client.ApiException>(() => broken.EnrollAsync(Tenant, dead));
        }

        using var other = new TestDevice("broken-2");
        await Refused.WithAsync(401, "enrollment_token_refused", () => other.EnrollAsync(Tenant, dead));
    }
}
