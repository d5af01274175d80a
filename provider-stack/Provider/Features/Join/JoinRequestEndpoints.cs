using IoTPlatform.Contracts;
using IoTPlatform.Contracts.Join;
using IoTPlatform.Contracts.Tenants;
using IoTPlatform.Hosting;
using IoTPlatform.Provider.Configuration;
using IoTPlatform.Provider.Data;
using IoTPlatform.Provider.Features.Rotation;
using IoTPlatform.Provider.Features.Tenants;
using IoTPlatform.Provider.Features.Workflow;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace IoTPlatform.Provider.Features.Join;

/// <summary>JOIN without a key: the tenant sends a request, an admin decides, the tenant polls. The workflow is the same.</summary>
internal static class JoinRequestEndpoints
{
    public static void MapJoinRequests(this IEndpointRouteBuilder app)
    {
        // Anonymous on purpose: asking gives nothing. What may wait for a decision is bounded.
        app.MapPost("/portal/admin/join-request/{tenantId}", AskAsync).AllowAnonymous();
        app.MapPost("/portal/admin/join-request/{tenantId}/approve", ApproveAsync).RequireAuthorization(JoinDecisions.Policy);
        app.MapPost("/portal/admin/join-request/{tenantId}/reject", RejectAsync).RequireAuthorization(JoinDecisions.Policy);
    }

    private static async Task<Accepted> AskAsync(
        string tenantId, JoinRequest request, HttpContext context, JoinRequests requests, SubCaKeys subCaKeys, ProviderOptions options, CancellationToken cancellationToken)
    {
        TenantIds.RequireNew(tenantId);
        var submission = JoinSubmission.Decode(request, tenantId, options.PlatformDomain);
        await subCaKeys.ThrowIfRevokedAsync(submission.SubCa, cancellationToken);
        await requests.AskAsync(tenantId, submission, ClientAddress.Of(context), cancellationToken);
        return TypedResults.Accepted($"/portal/admin/tenants/{tenantId}/join-status");
    }

    private static async Task<Accepted> ApproveAsync(
        string tenantId, HttpContext context, JoinDecisions decisions, CancellationToken cancellationToken, [FromQuery(Name = "sub_ca_key_sha256")] string? comparedKey = null)
    {
        await decisions.ApproveAsync(tenantId, comparedKey, Caller.Of(context.User), cancellationToken);
        return TypedResults.Accepted($"/portal/admin/tenants/{tenantId}");
    }

    private static async Task<NoContent> RejectAsync(string tenantId, RejectJoinRequest rejection, HttpContext context, JoinDecisions decisions, CancellationToken cancellationToken)
    {
        await decisions.RejectAsync(tenantId, rejection.Reason, Caller.Of(context.User), cancellationToken);
        return TypedResults.NoContent();
    }
}

/// <summary>An administrator's answer to a request to join.</summary>
internal sealed class JoinDecisions(JoinRequests requests, WorkflowClient workflows) : IGuarded
{
    private const int LongestReason = 500;

    public static string Policy => Policies.Admin;

    /// <summary>Throws as <see cref="JoinRequests.DecideAsync"/>.</summary>
    public async Task ApproveAsync(string tenantId, string? comparedKey, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        await requests.DecideAsync(tenantId, TenantStatus.Joining, reason: null, admin, cancellationToken, comparedKey);
        await workflows.WakeAsync(tenantId, cancellationToken);
    }

    /// <summary>Throws 400 for a reason that is not valid, and as <see cref="JoinRequests.DecideAsync"/>.</summary>
    public async Task RejectAsync(string tenantId, string? reason, string admin, CancellationToken cancellationToken)
    {
        TenantIds.Require(tenantId);
        if (reason is null || !FreeText.IsValid(reason, LongestReason))
        {
            throw new ProblemException(StatusCodes.Status400BadRequest, "invalid_request", $"reason must have 1 to {LongestReason} characters, and {FreeText.Refused}.");
        }

        await requests.DecideAsync(tenantId, TenantStatus.Rejected, reason, admin, cancellationToken);
    }
}
