using IoTPlatform.Iot;
using IoTPlatform.Pki;

ProcessTimeZone.UseUtc();
return await IotProgram.RunAsync(args, Console.Out, Console.Error);
