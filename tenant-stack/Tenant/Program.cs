using IoTPlatform.Hosting;
using IoTPlatform.Tenant.Startup;

return await HostProgram.RunAsync(args, TenantHost.RunAsync);
