using System.CommandLine;
using System.CommandLine.Help;

namespace IoTPlatform.Iot;

/// <summary>The table of contents of <c>iot</c>.</summary>
internal static class IotCommand
{
    public static readonly Option<bool> Json = new("--json") { Description = "Print the result as JSON on stdout and nothing else there.", Recursive = true };

    public static RootCommand Create()
    {
        var root = new RootCommand("""
            The operator's tool of IoTPlatform: one provider, many tenants, their devices' certificates.

            Exit codes: 0 ok, 1 refused or failed, 2 usage, 3 server not reachable or not trusted, 4 not found,
            5 not authorised, 70 fault in this program, 130 interrupted.
            """)
        {
            Json,
            DemoCommand.Create(),
            UpCommand.Create(),
            TenantsCommand.Create(),
            TenantCommand.Create(),
            DevicesCommand.Create(),
            DeviceCommand.Create(),
            CaCommand.Create(),
            WebhooksCommand.Create(),
            LoginCommand.Create(),
            LogoutCommand.Create(),
            AccountsCommand.Create(),
            ServiceAccountsCommand.Create(),
            IdentityCommand.Create(),
            AuditCommand.Create(),
            TestCommand.Create(),
            BenchCommand.Create(),
            CompletionCommand.Create(),
        };
        Examples.Add(root, "iot demo", "iot up provider", "iot tenants prepare acme --name \"Acme Water\"");
        var help = root.Options.OfType<HelpOption>().Single();
        help.Action = new HelpWithExamples((HelpAction)help.Action!);
        return root;
    }
}
