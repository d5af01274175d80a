using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;

namespace IoTPlatform.CertificateAuthority.Administration;

/// <summary>/admin/admins: read by every administrator, changed by super admins.</summary>
internal sealed class AdminAdministrators(AdministratorStore administrators)
{
    private const string What = "admin";

    /// <summary>In the order of their numbers.</summary>
    private static readonly string[] Types = ["UNKNOWN", "ADMIN", "SUPER_ADMIN"];

    public async Task ListAsync(HttpContext context, AdminCaller caller)
    {
        var (items, next) = AdminRequest.PageOf(context, await administrators.ListAsync(context.RequestAborted), one => one.Id);
        await AdminEdge.AnswerAsync(context, 200, new JsonObject { ["admins"] = new JsonArray([.. items.Select(InList)]), ["nextCursor"] = next });
    }

    public async Task ShowAsync(HttpContext context, AdminCaller caller)
    {
        var id = context.Route("id");
        await AdminEdge.AnswerAsync(context, 200, Write(await administrators.FindAsync(id, context.RequestAborted) ?? throw AdminException.NotFound($"admin {id} not found")));
    }

    public async Task AddAsync(HttpContext context, AdminCaller caller)
    {
        caller.RequireSuper();
        var json = await AdminRequest.ReadAsync(context, What);
        await RequireStillSuperAsync(caller, context.RequestAborted);
        var (subject, provisioner, type) = (json.Text("subject"), json.Text("provisioner"), json.OneOf("type", Types));
        json.RequireEmpty();
        var added = await administrators.AddAsync(
            subject ?? throw AdminException.BadRequest("subject cannot be empty"), provisioner ?? throw AdminException.BadRequest("provisioner cannot be empty"), IsSuper(type), caller.By, context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 201, Write(added));
    }

    public async Task ChangeAsync(HttpContext context, AdminCaller caller)
    {
        caller.RequireSuper();
        var json = await AdminRequest.ReadAsync(context, What);
        await RequireStillSuperAsync(caller, context.RequestAborted);
        var type = json.OneOf("type", Types);
        json.RequireEmpty();
        await AdminEdge.AnswerAsync(context, 200, Write(await administrators.ChangeAsync(context.Route("id"), IsSuper(type), caller.By, context.RequestAborted)));
    }

    public async Task RemoveAsync(HttpContext context, AdminCaller caller)
    {
        caller.RequireSuper();
        await administrators.RemoveAsync(context.Route("id"), mayCloseApi: false, caller.By, context.RequestAborted);
        await AdminEdge.AnswerAsync(context, 200, AdminRequest.Ok);
    }

    /// <summary>The body may have taken minutes.</summary>
    private async Task RequireStillSuperAsync(AdminCaller caller, CancellationToken cancellationToken)
    {
        if (await administrators.FindAsync(caller.Administrator.Id, cancellationToken) is not { } now)
        {
            throw AdminException.Unauthorized("must have super admin access to make this request");
        }

        new AdminCaller(now).RequireSuper();
    }

    private static bool IsSuper(string? type) => type is null ? throw AdminException.BadRequest("invalid value for admin type") : type == Types[2];

    private static JsonObject Write(Administrator administrator) => new()
    {
        ["id"] = administrator.Id,
        ["authorityId"] = LinkedProvisioner.AuthorityId,
        ["subject"] = administrator.Subject,
        ["provisionerId"] = administrator.Provisioner,
        ["type"] = Types[administrator.IsSuper ? 2 : 1],
        ["createdAt"] = LinkedWriting.Time(administrator.CreatedAt),
    };

    /// <summary>The list has another form than one of them: that of Go's own JSON.</summary>
    private static JsonObject InList(Administrator administrator) => new()
    {
        ["id"] = administrator.Id,
        ["authority_id"] = LinkedProvisioner.AuthorityId,
        ["subject"] = administrator.Subject,
        ["provisioner_id"] = administrator.Provisioner,
        ["type"] = administrator.IsSuper ? 2 : 1,
        ["created_at"] = LinkedWriting.TimeInList(administrator.CreatedAt),
    };
}
