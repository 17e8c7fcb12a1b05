# Oracle for the synthesis: Rscript metafor_oracle.R studies.csv metafor.json (R 4.2.2, metafor 3.8-1, metadat, jsonlite).
# Writes the studies (published, or simulated with the seeds below) and metafor's answers. Its iterations are told to
# go on to 1e-12; as shipped they stop at 1e-5, which would hide differences in the sixth digit.
suppressMessages({ library(metafor); library(jsonlite) })
a <- commandArgs(TRUE)

simulated <- function(seed, k, effect, tau, low, high) {
  set.seed(seed)
  se <- runif(k, low, high)
  data.frame(yi = round(rnorm(k, rnorm(k, effect, tau), se), 6), se = round(se, 6))
}
published <- function(measure) {
  found <- escalc(measure, ai = tpos, bi = tneg, ci = cpos, di = cneg, data = dat.bcg)
  data.frame(yi = round(as.numeric(found$yi), 10), se = round(sqrt(as.numeric(found$vi)), 10))
}
studies <- list(
  bcg_log_rr = published("RR"), bcg_rd = published("RD"),
  eight_schools = data.frame(yi = c(28, 8, -3, 7, -1, 1, 18, 12), se = c(15, 10, 16, 11, 9, 11, 10, 18)),
  two = simulated(2, 2, 0.06, 0.04, 0.01, 0.03), three = simulated(31, 3, 0.06, 0.05, 0.01, 0.04),
  five = simulated(5, 5, 0.05, 0.05, 0.01, 0.04), thirteen = simulated(13, 13, 0.10, 0.15, 0.02, 0.20),
  boundary = simulated(10, 5, 0.05, 0, 0.03, 0.05),
  alike = data.frame(yi = c(0.050, 0.051, 0.049, 0.0505), se = c(0.03, 0.04, 0.05, 0.02)),
  controls = simulated(24, 24, 0.20, 0.15, 0.05, 0.30))
measures <- c(bcg_log_rr = "log_risk_ratio", bcg_rd = "risk_difference", eight_schools = "mean_difference",
              controls = "log_risk_ratio")

numbers <- function(fit, ...) {
  near <- predict(fit); riley <- predict(fit, pi.type = "riley")
  list(estimate = c(fit$beta), std_error = fit$se, low = fit$ci.lb, high = fit$ci.ub, statistic = fit$zval,
       p_value = fit$pval, df = fit$ddf, factor = fit$s2w, prediction = c(near$pi.lb, near$pi.ub),
       riley = c(riley$pi.lb, riley$pi.ub))
}
answers <- function(d) {
  tight <- list(threshold = 1e-12, tol = 1e-12, maxiter = 100000, tau2.max = 1e5)
  fit <- function(method, test) rma(yi, sei = se, data = d, method = method, test = test, control = tight)
  tau2 <- sapply(c("REML", "ML", "DL", "PM"), function(m) fit(m, "z")$tau2)
  main <- fit("REML", "knha")
  span <- confint(main, control = list(tol = 1e-12, maxiter = 100000, tau2.max = 1e5))$random
  fixed <- rma(yi, sei = se, data = d, method = "FE")
  tests <- c("z", "t", "knha", "adhoc")
  drawn <- blup(main)
  list(tau2 = as.list(tau2), interval = list(tau2 = span["tau^2", 2:3], i2 = span["I^2(%)", ] / 100, h2 = span["H^2", ]),
       q = fixed$QE, q_p_value = fixed$QEp, weights = unname(weights(main)) / 100,
       reml = setNames(lapply(tests, function(t) numbers(fit("REML", t))), tests),
       dl = numbers(fit("DL", "knha")), pm = numbers(fit("PM", "knha")), ml = numbers(fit("ML", "z")),
       fixed = list(estimate = c(fixed$beta), std_error = fixed$se, low = fixed$ci.lb, high = fixed$ci.ub,
                    p_value = fixed$pval),
       blup = list(estimate = drawn$pred, std_error = drawn$se, low = drawn$pi.lb, high = drawn$pi.ub))
}
rows <- do.call(rbind, lapply(names(studies), function(name) cbind(
  set = name, study = seq_len(nrow(studies[[name]])),
  measure = if (name %in% names(measures)) measures[[name]] else "risk_difference", studies[[name]])))
write.csv(rows, a[1], row.names = FALSE, quote = FALSE)
meta <- list(R = R.version.string, metafor = as.character(packageVersion("metafor")))
write_json(list(meta = meta, sets = lapply(studies, answers)), a[2], digits = NA, auto_unbox = TRUE, pretty = 1)
