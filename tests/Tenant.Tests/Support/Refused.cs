using IoTPlatform.Client;

namespace IoTPlatform.Tenant.Tests.Support;

internal static class Refused
{
    /// <summary>The call must be refused with this status and code.</summary>
    public static async Task WithAsync(int status, string code, Func<Task> call)
    {
        var refused = await Should.ThrowAsync<ApiException>(call);
        refused.Code.ShouldBe(code, refused.Message);
        refused.Status.ShouldBe(status);
    }
}
